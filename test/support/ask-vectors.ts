/** Request documents for the vectors: what a document may say in its one form, and forms that are refused. */
import { type AskDocument, encodeAsk } from '#protocol/ask.ts'
import { fromUtf8 } from '#protocol/bytes.ts'

const plain: AskDocument = {
  modelId: 'cocoon-demo',
  messages: [{ role: 'user', content: 'What is a cocoon? 🦋' }],
  maxTokens: 64,
  temperature: 0.7,
  topP: 1,
  seed: 0n,
  stop: [],
}

const schema = '{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}'

const documents: Readonly<Record<string, AskDocument>> = {
  'what every document says': plain,
  sampling: {
    ...plain,
    ...{ topK: 40, minP: 0.05, repetitionPenalty: 1.1 },
    ...{ frequencyPenalty: 0.5, presencePenalty: -0.5, topLogprobs: 0 },
    logitBias: [
      { id: 151_000, bias: -100 },
      { id: 7, bias: 2.5 },
    ],
  },
  'any JSON object': { ...plain, constraint: { kind: 'json_object' } },
  'a JSON schema': { ...plain, constraint: { kind: 'json_schema', schema } },
  'a call and its result': {
    ...plain,
    messages: [
      ...plain.messages,
      {
        role: 'assistant',
        content: '',
        toolCalls: [{ id: 'call_1', name: 'weather', arguments: '{"city":"Oslo"}' }],
      },
      { role: 'tool', content: '7 °C', toolCallId: 'call_1' },
    ],
    constraint: { kind: 'tool_calls', mode: 'auto', parallel: true },
    tools: [
      { name: 'weather', description: 'Temperature of a city', parameters: schema },
      { name: 'time', parameters: '{"type":"object"}' },
    ],
  },
  'one named tool': {
    ...plain,
    constraint: { kind: 'tool_calls', mode: 'required', parallel: false, only: 'time' },
    tools: [{ name: 'time', parameters: '{"type":"object"}' }],
  },
}

export function askVectors() {
  const valid = Object.entries(documents).map(([name, document]) => ({
    name,
    text: fromUtf8(encodeAsk(document)),
  }))
  const text = valid[0]!.text
  const withMore = (more: string): string => text.replace(/}$/, `,${more}}`)
  const tools = '"tools":[{"name":"time","parameters":"{}"}]'
  const refused = [
    { name: 'a value without effect', text: withMore('"minP":0') },
    { name: 'keys in another order', text: withMore('"minP":0.1,"topK":3') },
    { name: 'biases in another order', text: withMore(biases(9, 7)) },
    { name: 'a bias twice', text: withMore(biases(7, 7)) },
    { name: 'calls without tools', text: withMore(calls('')) },
    { name: 'a call of no tool', text: withMore(`${calls(',"only":"other"')},${tools}`) },
    { name: 'a schema that is no object', text: withMore(tools.replace('{}', '[]')) },
    { name: 'a result of no call', text: text.replace('"user"', '"tool"') },
  ]
  return { valid, refused }
}

function biases(...ids: number[]): string {
  return `"logitBias":${JSON.stringify(ids.map((id) => ({ id, bias: 1 })))}`
}

function calls(only: string): string {
  return `"constraint":{"kind":"tool_calls","mode":"required","parallel":true${only}}`
}

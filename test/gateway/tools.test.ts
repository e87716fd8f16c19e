/** Tools as the `openai` client and the `ai` SDK call them. */
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { generateText, isStepCount, streamText, tool } from 'ai'
import type OpenAI from 'openai'
import { expect, it } from 'vitest'
import { z } from 'zod'
import type { ChatEvent, ChatRequest } from '#node/roles/client-service.ts'
import { collect } from '../support/collect.ts'
import { startTestGateway } from '../support/gateway.ts'
import { answerOf } from '../support/scripted-client-service.ts'

const model = 'cocoon/demo'
const messages = [{ role: 'user' as const, content: 'How warm is it in Oslo?' }]
const parameters = {
  type: 'object',
  properties: { city: { type: 'string' }, unit: { enum: ['C', null], default: null } },
  required: ['city'],
}
const tools = [
  {
    type: 'function' as const,
    function: { name: 'weather', description: 'Temperature of a city', parameters },
  },
]
const call = { id: 'call_1', name: 'weather', arguments: '{"city":"Oslo"}' }

/** Calls the tool, then says what the tool said. */
function weatherScript({ messages: given }: ChatRequest): AsyncGenerator<ChatEvent> {
  const result = given.at(-1)
  if (result?.role !== 'tool') return answerOf({ text: '', toolCalls: [call] })
  return answerOf({ text: `It is ${result.content}.` })
}

it('tools, choice and parallel reach the network; the schema keeps its nulls', async () => {
  const { openai, service } = await startTestGateway()
  const ask = { model, messages, tools }
  await openai.chat.completions.create(ask)
  await openai.chat.completions.create({ ...ask, tool_choice: 'required' })
  const named = { type: 'function' as const, function: { name: 'weather' } }
  await openai.chat.completions.create({
    ...{ ...ask, tool_choice: named, parallel_tool_calls: false },
  })
  await openai.chat.completions.create({ ...ask, tool_choice: 'none' })
  const kind = 'tool_calls'
  expect(service.asked.map(({ constraint }) => constraint)).toEqual([
    { kind, mode: 'auto', parallel: true },
    { kind, mode: 'required', parallel: true },
    { kind, mode: 'required', parallel: false, only: 'weather' },
    undefined,
  ])
  const [declared] = service.asked[0]?.tools ?? []
  expect(declared).toMatchObject({ name: 'weather', description: 'Temperature of a city' })
  expect(JSON.parse(declared?.parameters ?? '')).toEqual(parameters)
  // Whoever may not call tools is not told of them.
  expect(service.asked[3]?.tools).toBeUndefined()
})

it.each([
  [{ tools: [...tools, ...tools] }, 'tools'],
  [{ tools, tool_choice: { type: 'function', function: { name: 'other' } } }, 'tool_choice'],
  [{ tool_choice: 'required' }, 'tool_choice'],
  [{ tools, tool_choice: 'sometimes' }, 'tool_choice'],
  [{ tools, response_format: { type: 'json_object' } }, 'response_format'],
  [{ tools, stop: ['x'] }, 'stop'],
  [{ response_format: { type: 'json_object' }, stop: 'x' }, 'stop'],
  [{ tools: [{ type: 'function', function: { name: 'no spaces' } }] }, 'tools[0].function.name'],
  [{ messages: [{ role: 'assistant' }] }, 'messages[0].content'],
])('%j is refused by the name of the field', async (extra, param) => {
  const { openai, service } = await startTestGateway()
  const body = { model, messages, ...extra } as OpenAI.ChatCompletionCreateParamsNonStreaming
  await expect(openai.chat.completions.create(body)).rejects.toMatchObject({ status: 400, param })
  expect(service.asked).toEqual([])
})

it('a call and its result make a round trip', async () => {
  const { openai, service } = await startTestGateway()
  service.chatScript = weatherScript
  const first = await openai.chat.completions.create({ model, messages, tools })
  const { finish_reason, message } = first.choices[0]!
  expect(finish_reason).toBe('tool_calls')
  expect(message.content).toBeNull()
  expect(message.tool_calls).toEqual([
    { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } },
  ])
  const second = await openai.chat.completions.create({
    model,
    tools,
    messages: [
      ...messages,
      message,
      { role: 'tool', tool_call_id: 'call_1', content: [{ type: 'text', text: '7 °C' }] },
    ],
  })
  expect(second.choices[0]?.message.content).toBe('It is 7 °C.')
  expect(service.asked[1]?.messages.slice(1)).toEqual([
    { role: 'assistant', content: '', toolCalls: [call] },
    { role: 'tool', content: '7 °C', toolCallId: 'call_1' },
  ])
})

it('an answer cut at its limit is `length`, whatever it called before', async () => {
  const { openai, service } = await startTestGateway()
  service.chatScript = () => answerOf({ toolCalls: [call], finish: 'length' })
  const { choices } = await openai.chat.completions.create({ model, messages, tools })
  expect(choices[0]?.finish_reason).toBe('length')
})

it('the helper of the official client puts streamed calls together', async () => {
  const { openai, service } = await startTestGateway()
  const other = { ...call, id: 'call_2', arguments: '{"city":"Rome"}' }
  service.chatScript = () => answerOf({ text: 'Let me see.', toolCalls: [call, other] })
  const stream = openai.chat.completions.stream({ model, messages, tools })
  const { choices } = await stream.finalChatCompletion()
  expect(choices[0]).toMatchObject({
    finish_reason: 'tool_calls',
    message: {
      content: 'Let me see.',
      tool_calls: [
        { id: 'call_1', function: { name: 'weather', arguments: '{"city":"Oslo"}' } },
        { id: 'call_2', function: { name: 'weather', arguments: '{"city":"Rome"}' } },
      ],
    },
  })
})

it('runTools of the official client runs to the answer', async () => {
  const { openai, service } = await startTestGateway()
  service.chatScript = weatherScript
  const runner = openai.chat.completions.runTools({
    model,
    messages,
    tools: [
      {
        type: 'function',
        function: {
          ...{ name: 'weather', description: 'Temperature of a city', parameters },
          parse: JSON.parse,
          function: ({ city }: { city: string }) => `7 °C in ${city}`,
        },
      },
    ],
  })
  expect(await runner.finalContent()).toBe('It is 7 °C in Oslo.')
})

it.each(['whole', 'streamed'])('the ai SDK runs a tool, %s', async (way) => {
  const { url, service } = await startTestGateway()
  service.chatScript = weatherScript
  const asked: string[] = []
  const options = {
    model: createOpenAICompatible({ name: 'cocoon', baseURL: `${url}/v1` })(model),
    prompt: 'How warm is it in Oslo?',
    stopWhen: isStepCount(3),
    tools: {
      weather: tool({
        inputSchema: z.object({ city: z.string() }),
        execute: ({ city }) => {
          asked.push(city)
          return '7 °C'
        },
      }),
    },
  }
  const text = way === 'whole' ? (await generateText(options)).text : await streamText(options).text
  expect(text).toContain('7 °C')
  expect(asked).toEqual(['Oslo'])
  expect(service.asked).toHaveLength(2)
})

it('responses call functions and take their outputs', async () => {
  const { openai, service } = await startTestGateway()
  service.chatScript = weatherScript
  const declared = { type: 'function' as const, name: 'weather', parameters, strict: true }
  const input = [{ role: 'user' as const, content: 'How warm is it in Oslo?' }]
  const first = await openai.responses.create({ model, input, tools: [declared] })
  expect(first.output).toMatchObject([
    {
      ...{ type: 'function_call', call_id: 'call_1', name: 'weather', status: 'completed' },
      arguments: '{"city":"Oslo"}',
    },
  ])
  const output = { type: 'function_call_output' as const, call_id: 'call_1', output: '7 °C' }
  const second = await openai.responses.create({
    ...{ model, tools: [declared], tool_choice: 'auto' },
    input: [...input, first.output[0] as OpenAI.Responses.ResponseFunctionToolCall, output],
  })
  expect(second.output_text).toBe('It is 7 °C.')
  expect(service.asked[1]?.messages.slice(1)).toEqual([
    { role: 'assistant', content: '', toolCalls: [call] },
    { role: 'tool', content: '7 °C', toolCallId: 'call_1' },
  ])
  expect(service.asked[1]?.constraint).toEqual({ kind: 'tool_calls', mode: 'auto', parallel: true })
})

it('a streamed response tells of its calls under OpenAI’s names', async () => {
  const { openai, service } = await startTestGateway()
  service.chatScript = () => answerOf({ text: 'Let me see.', toolCalls: [call] })
  const declared = { type: 'function' as const, name: 'weather', parameters, strict: true }
  const body = { model, input: 'Hi', tools: [declared] }
  const events = await collect(await openai.responses.create({ ...body, stream: true }))
  expect(events.map(({ type }) => type).slice(2)).toEqual([
    'response.output_item.added',
    'response.content_part.added',
    'response.output_text.delta',
    'response.output_item.added',
    'response.function_call_arguments.delta',
    'response.function_call_arguments.done',
    'response.output_item.done',
    'response.output_text.done',
    'response.content_part.done',
    'response.output_item.done',
    'response.completed',
  ])
  const final = await openai.responses.stream(body).finalResponse()
  expect(final.output.map(({ type }) => type)).toEqual(['message', 'function_call'])
})

/** /v1/completions and /v1/responses as the official client sees them, over real HTTP. */
import type OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { UnavailableError } from '#protocol/errors.ts'
import { collect } from '../support/collect.ts'
import { startTestGateway } from '../support/gateway.ts'
import { answerWith, chatResult } from '../support/scripted-client-service.ts'

const model = 'cocoon/demo'

describe('legacy completions', () => {
  it('send the prompt as one user message', async () => {
    const { openai, service } = await startTestGateway()
    const { data, response } = await openai.completions
      .create({ model, prompt: 'Once', max_tokens: 7, stop: 'END' })
      .withResponse()
    expect(data).toMatchObject({
      object: 'text_completion',
      choices: [{ index: 0, text: 'Hello there.', finish_reason: 'stop', logprobs: null }],
      usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 },
    })
    expect(service.asked[0]).toMatchObject({
      messages: [{ role: 'user', content: 'Once' }],
      maxTokens: 7,
      stop: ['END'],
    })
    expect(response.headers.get('x-cocoon-price-nano')).toBe('12345')
  })

  it('answer several prompts in order, each a request of its own', async () => {
    const { openai, service } = await startTestGateway()
    service.chatScript = ({ messages }) => answerWith([`to ${messages[0]?.content}`])
    const { data, response } = await openai.completions
      .create({ model, prompt: ['a', 'b'] })
      .withResponse()
    expect(data.choices.map(({ index, text }) => [index, text])).toEqual([
      [0, 'to a'],
      [1, 'to b'],
    ])
    expect(data.usage?.total_tokens).toBe(24)
    expect(response.headers.get('x-cocoon-price-nano')).toBe('24690')
    const parts = await collect(
      await openai.completions.create({
        model,
        prompt: ['a', 'b'],
        stream: true,
        stream_options: { include_usage: true },
      }),
    )
    const textOf = (index: number) =>
      parts
        .flatMap(({ choices }) => choices.filter((one) => one.index === index))
        .map((one) => one.text)
        .join('')
    expect([textOf(0), textOf(1)]).toEqual(['to a', 'to b'])
    expect(parts.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 24 } })
  })

  it.each([
    [{ suffix: 'x' }, 'suffix', 'FIELD_UNSUPPORTED'],
    [{ logprobs: 6 }, 'logprobs', 'REQUEST_INVALID'],
    [{ echo: true }, 'echo', 'REQUEST_INVALID'],
    [{ best_of: 2 }, 'best_of', 'REQUEST_INVALID'],
    [{ n: 9 }, 'n', 'REQUEST_INVALID'],
    [{ prompt: [1, 2, 3] }, 'prompt', 'REQUEST_INVALID'],
    [{ prompt: Array(17).fill('x') }, 'prompt', 'REQUEST_INVALID'],
    [{ prompt: '' }, 'prompt', 'REQUEST_INVALID'],
  ])('%j is 400 and names the field', async (extra, param, code) => {
    const { openai, service } = await startTestGateway()
    const body = { model, prompt: 'x', ...extra } as OpenAI.CompletionCreateParamsNonStreaming
    await expect(openai.completions.create(body)).rejects.toMatchObject({
      status: 400,
      param,
      code,
    })
    expect(service.asked).toEqual([])
  })
})

describe('responses', () => {
  it('answer text, with instructions first', async () => {
    const { openai, service } = await startTestGateway()
    const { data, response } = await openai.responses
      .create({ model, input: 'Hi', instructions: 'Be short.', max_output_tokens: 5 })
      .withResponse()
    expect(data.output_text).toBe('Hello there.')
    expect(data).toMatchObject({
      object: 'response',
      status: 'completed',
      store: false,
      previous_response_id: null,
      usage: { input_tokens: 9, output_tokens: 3, total_tokens: 12 },
    })
    expect(service.asked[0]).toMatchObject({
      maxTokens: 5,
      messages: [
        { role: 'system', content: 'Be short.' },
        { role: 'user', content: 'Hi' },
      ],
    })
    expect(response.headers.get('x-cocoon-receipt')).toBe('receipt-1')
  })

  it('take the output of an earlier one back as input', async () => {
    const { openai, service } = await startTestGateway()
    const first = await openai.responses.create({ model, input: 'Hi' })
    await openai.responses.create({
      model,
      input: [
        { role: 'developer', content: 'D' },
        { role: 'user', content: [{ type: 'input_text', text: 'Hi' }] },
        ...(first.output as OpenAI.Responses.ResponseOutputMessage[]),
        { role: 'user', content: 'More' },
      ],
    })
    expect(service.asked[1]?.messages).toEqual([
      { role: 'system', content: 'D' },
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello there.' },
      { role: 'user', content: 'More' },
    ])
  })

  it('stream under OpenAI’s event names, numbered, and end with the whole', async () => {
    const { openai } = await startTestGateway()
    const events = await collect(
      await openai.responses.create({ model, input: 'Hi', stream: true }),
    )
    expect(events.map(({ type }) => type)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      ...Array(3).fill('response.output_text.delta'),
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ])
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index))
    const last = events.at(-1)
    expect(last?.type === 'response.completed' && last.response.usage?.total_tokens).toBe(12)
  })

  it('work with the helper of the official client', async () => {
    const { openai } = await startTestGateway()
    const stream = openai.responses.stream({ model, input: 'Hi' })
    const final = await stream.finalResponse()
    expect(final.output_text).toBe('Hello there.')
  })

  it('that ran into their limit are incomplete', async () => {
    const { openai, service } = await startTestGateway()
    service.chatScript = async function* () {
      const { requestId, provider, tier } = chatResult()
      yield { kind: 'routed', requestId, provider, tier }
      yield { kind: 'done', result: chatResult({ finish: 'length' }) }
    }
    const whole = await openai.responses.create({ model, input: 'Hi' })
    expect(whole).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
    })
    const events = await collect(
      await openai.responses.create({ model, input: 'Hi', stream: true }),
    )
    expect(events.at(-1)?.type).toBe('response.incomplete')
  })

  it('that break off end with an error and a failed response', async () => {
    const { url, service } = await startTestGateway()
    service.chatScript = async function* () {
      for await (const event of answerWith(['half'])) {
        if (event.kind === 'done') throw new UnavailableError('PROVIDER_GONE', 'the provider left')
        yield event
      }
    }
    const response = await fetch(`${url}/v1/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, input: 'Hi', stream: true }),
    })
    const text = await response.text()
    expect(text).toMatch(/event: error\ndata: .*"code":"PROVIDER_GONE"/)
    expect(text).toMatch(/event: response\.failed\ndata: .*"status":"failed".*\n\n$/)
  })

  it.each([
    [{ store: true }, 'store', 'REQUEST_INVALID'],
    [{ previous_response_id: 'resp_1' }, 'previous_response_id', 'FIELD_UNSUPPORTED'],
    [{ conversation: 'c' }, 'conversation', 'FIELD_UNSUPPORTED'],
    [{ reasoning: { effort: 'low' } }, 'reasoning', 'FIELD_UNSUPPORTED'],
    [{ tools: [{ type: 'web_search' }] }, 'tools[0].type', 'REQUEST_INVALID'],
    [{ tool_choice: 'required' }, 'tool_choice', 'REQUEST_INVALID'],
    [{ background: true }, 'background', 'REQUEST_INVALID'],
    [{ truncation: 'auto' }, 'truncation', 'REQUEST_INVALID'],
    [{ text: { format: { type: 'grammar' } } }, 'text.format.type', 'REQUEST_INVALID'],
    [{ text: { verbosity: 'low' } }, 'text.verbosity', 'FIELD_UNSUPPORTED'],
    [{ input: [] }, 'input', 'REQUEST_INVALID'],
    [{ input: [{ type: 'item_reference', id: 'x' }] }, 'input', 'REQUEST_INVALID'],
    [{ max_output_tokens: 0 }, 'max_output_tokens', 'REQUEST_INVALID'],
  ])('%j is 400 and names the field', async (extra, param, code) => {
    const { openai, service } = await startTestGateway()
    const body = {
      model,
      input: 'x',
      ...extra,
    } as OpenAI.Responses.ResponseCreateParamsNonStreaming
    const refused = openai.responses.create(body)
    await expect(refused).rejects.toMatchObject({ status: 400, code })
    await expect(refused).rejects.toMatchObject({ param: expect.stringContaining(param) })
    expect(service.asked).toEqual([])
  })
})

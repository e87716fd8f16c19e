/** Log probabilities and the fields of sampling, in the shapes of the OpenAI API. */
import { expect, it } from 'vitest'
import type { TextToken } from '#node/roles/client-service.ts'
import { utf8 } from '#protocol/bytes.ts'
import { collect } from '../support/collect.ts'
import { startTestGateway } from '../support/gateway.ts'
import { answerOf } from '../support/scripted-client-service.ts'

const ask = { model: 'cocoon/demo', messages: [{ role: 'user' as const, content: 'Hi' }] }
const whole = utf8('é')
/** "Hé" in three tokens: the second letter has two bytes, each a token. */
const tokens: TextToken[] = [
  {
    bytes: utf8('H'),
    logprob: -0.25,
    top: [
      { bytes: utf8('H'), logprob: -0.25 },
      { bytes: new Uint8Array(0), logprob: -1.5 },
    ],
  },
  { bytes: whole.slice(0, 1), logprob: -1, top: [] },
  { bytes: whole.slice(1), logprob: 0, top: [] },
]

it('come in the shape of chat completions, with the bytes of each token', async () => {
  const { openai, service } = await startTestGateway()
  service.chatScript = () => answerOf({ text: 'Hé', logprobs: tokens })
  const { choices } = await openai.chat.completions.create({
    ...{ ...ask, logprobs: true, top_logprobs: 2 },
  })
  expect(choices[0]?.logprobs).toEqual({
    content: [
      {
        ...{ token: 'H', logprob: -0.25, bytes: [72] },
        top_logprobs: [
          { token: 'H', logprob: -0.25, bytes: [72] },
          { token: '', logprob: -1.5, bytes: null },
        ],
      },
      { token: '\ufffd', logprob: -1, bytes: [0xc3], top_logprobs: [] },
      { token: '\ufffd', logprob: 0, bytes: [0xa9], top_logprobs: [] },
    ],
    refusal: null,
  })
  expect(service.asked[0]?.topLogprobs).toBe(2)
})

it('are in every chunk of a stream that has tokens', async () => {
  const { openai, service } = await startTestGateway()
  service.chatScript = () => answerOf({ text: 'Hé', logprobs: tokens })
  const stream = await openai.chat.completions.create({ ...ask, stream: true, logprobs: true })
  const parts = (await collect(stream)).flatMap(({ choices }) => choices)
  const found = parts.flatMap(({ logprobs }) => logprobs?.content ?? [])
  expect(found.map(({ logprob }) => logprob)).toEqual([-0.25, -1, 0])
  expect(service.asked[0]?.topLogprobs).toBe(0)
})

it('are null when nobody asks', async () => {
  const { openai, service } = await startTestGateway()
  for (const logprobs of [false, null]) {
    const { choices } = await openai.chat.completions.create({ ...ask, logprobs })
    expect(choices[0]?.logprobs).toBeNull()
  }
  expect(service.asked.map(({ topLogprobs }) => topLogprobs)).toEqual([undefined, undefined])
})

it('come in the shape of legacy completions, with offsets into the text', async () => {
  const { openai, service } = await startTestGateway()
  service.chatScript = () => answerOf({ text: 'Hé', logprobs: tokens })
  const body = { model: ask.model, prompt: 'x', logprobs: 2 }
  const { choices } = await openai.completions.create(body)
  const expected = {
    tokens: ['H', '\ufffd', '\ufffd'],
    token_logprobs: [-0.25, -1, 0],
    top_logprobs: [{ H: -0.25, '': -1.5 }, {}, {}],
    text_offset: [0, 1, 1],
  }
  expect(choices[0]?.logprobs).toEqual(expected)
  expect(service.asked[0]?.topLogprobs).toBe(2)
  const parts = await collect(await openai.completions.create({ ...body, stream: true }))
  expect(parts[0]?.choices[0]?.logprobs).toEqual(expected)
})

it('fields of sampling reach the network under their own names; without effect they do not', async () => {
  const { openai, service } = await startTestGateway()
  const extra = { top_k: 40, min_p: 0.05, repetition_penalty: 1.1 }
  const penalties = { frequency_penalty: 0.5, presence_penalty: -0.5 }
  const body = { ...ask, ...extra, ...penalties, logit_bias: { '7': -100, '9': 2.5 } }
  await openai.chat.completions.create(body)
  expect(service.asked[0]).toMatchObject({
    ...{ topK: 40, minP: 0.05, repetitionPenalty: 1.1 },
    ...{ frequencyPenalty: 0.5, presencePenalty: -0.5 },
    logitBias: [
      { id: 7, bias: -100 },
      { id: 9, bias: 2.5 },
    ],
  })
  for (const top_k of [0, -1]) {
    await openai.chat.completions.create({ ...ask, top_k, logit_bias: {} } as typeof ask)
    expect(service.asked.at(-1)).toMatchObject({ topK: undefined, logitBias: undefined })
  }
  await openai.completions.create({ model: ask.model, prompt: 'x', ...extra } as {
    model: string
    prompt: string
  })
  expect(service.asked.at(-1)).toMatchObject({ topK: 40, minP: 0.05, repetitionPenalty: 1.1 })
})

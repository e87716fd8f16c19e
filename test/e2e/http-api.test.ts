/**
 * The HTTP API over a whole network in this process: real libp2p, a real engine process with the
 * demonstration model, real channels. What needs more than a scripted service to be true.
 */
import { startTestnet, type Testnet } from 'cocoon-node'
import OpenAI from 'openai'
import { zodResponseFormat } from 'openai/helpers/zod'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { CHATS_IN_FLIGHT_MAX } from '#node/gateway/constants.ts'

let testnet: Testnet
let openai: OpenAI
beforeAll(async () => {
  testnet = await startTestnet({ seed: 'http-api' })
  openai = new OpenAI({ baseURL: testnet.baseUrl, apiKey: 'unused', maxRetries: 0 })
})
afterAll(() => testnet?.stop())

type Message = OpenAI.ChatCompletionMessageParam

const ask = (content: string) => ({
  ...{ model: testnet.model, max_completion_tokens: 24 },
  messages: [{ role: 'user', content }] satisfies Message[],
})

test('an answer in the form of a zod schema parses and validates', async () => {
  const Fact = z.object({
    topic: z.enum(['money', 'privacy', 'models']),
    isTrue: z.boolean(),
    words: z.array(z.string().max(12)).min(1).max(3),
  })
  const { choices } = await openai.chat.completions.parse({
    ...ask('What is a receipt?'),
    max_completion_tokens: 120,
    response_format: zodResponseFormat(Fact, 'fact'),
  })
  expect(choices[0]?.finish_reason).toBe('stop')
  expect(Fact.parse(JSON.parse(choices[0]?.message.content ?? ''))).toEqual(
    choices[0]?.message.parsed,
  )
})

test('log probabilities spell the answer of each of three choices', async () => {
  const { choices } = await openai.chat.completions.create({
    ...ask('What is Cocoon?'),
    ...{ n: 3, seed: 1, temperature: 2, logprobs: true, top_logprobs: 2 },
  })
  expect(new Set(choices.map(({ message }) => message.content)).size).toBeGreaterThan(1)
  for (const { message, logprobs } of choices) {
    const bytes = logprobs?.content?.flatMap((one) => one.bytes ?? []) ?? []
    expect(new TextDecoder().decode(Uint8Array.from(bytes))).toBe(message.content)
  }
})

test('tools are refused by the name of their code when the model does not know them', async () => {
  const tools = [{ type: 'function' as const, function: { name: 'weather' } }]
  const refused = openai.chat.completions.create({ ...ask('Hi'), tools })
  await expect(refused).rejects.toMatchObject({ status: 400, code: 'TOOLS_UNSUPPORTED' })
})

test('a chat of 5 turns shows cached tokens growing', async () => {
  const messages: Message[] = []
  const cached: number[] = []
  for (const content of ['What is Cocoon?', 'What is a receipt?', 'Why?', 'Who pays?', 'Thanks.']) {
    messages.push({ role: 'user', content })
    const body = { ...ask(''), messages, max_completion_tokens: 16 }
    const { choices, usage } = await openai.chat.completions.create(body)
    cached.push(usage?.prompt_tokens_details?.cached_tokens ?? -1)
    messages.push({ role: 'assistant', content: choices[0]?.message.content ?? '' })
  }
  for (let turn = 1; turn < 5; turn++) expect(cached[turn]).toBeGreaterThan(cached[turn - 1]!)
})

test('64 concurrent streams finish with the text that each has alone, and none is starved', async () => {
  const questions = ['What is Cocoon?', 'What is a receipt?', 'Who are you?', 'What is a voucher?']
  const alone = new Map<string, string>()
  for (const question of questions) {
    const { choices } = await openai.chat.completions.create(ask(question))
    alone.set(question, choices[0]?.message.content ?? '')
  }
  /** In the order of their first text. Who waits for room is served in turn: test/roles/waiting-line.test.ts. */
  const begun: number[] = []
  const stream = async (index: number): Promise<void> => {
    const question = questions[index % questions.length]!
    let text = ''
    const parts = await openai.chat.completions.create({ ...ask(question), stream: true })
    for await (const { choices } of parts) {
      const piece = choices[0]?.delta.content ?? ''
      if (text === '' && piece !== '') begun.push(index)
      text += piece
    }
    expect(text).toBe(alone.get(question))
  }
  await Promise.all(Array.from({ length: CHATS_IN_FLIGHT_MAX }, (_, index) => stream(index)))
  expect(begun.toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: CHATS_IN_FLIGHT_MAX }, (_, index) => index),
  )
}, 300_000)

/** Servers that answer in text: what is counted is what the text says, however they cut it. */
import { afterEach, describe, expect, it } from 'vitest'
import { loadChatTokenizer } from '#inference/model/chat-tokenizer.ts'
import { UpstreamAnswer } from '#inference/upstream/answer.ts'
import type { UpstreamPiece } from '#inference/upstream/dialects/dialect.ts'
import { openaiDialect } from '#inference/upstream/dialects/openai.ts'
import { textToIds } from '#inference/upstream/text-ids.ts'
import { SchemaMaker } from '../support/random-schemas.ts'
import { simulatedModelFiles } from '../support/simulated-engine.ts'
import { readAnswer, UpstreamHarness, upstreamRequest } from '../support/upstream-harness.ts'

const harness = new UpstreamHarness()
afterEach(() => harness.close())

const files = simulatedModelFiles()
const tokenizer = loadChatTokenizer(files)
const createIds = textToIds(files)
const TEXT = 'the hello and the user, then 東京 and 🕸️: the assistant, the end'

function idsOf(pieces: readonly string[], idsMax = 1_000): number[] {
  const ids = createIds()
  const found = pieces.flatMap((piece) => ids.push(piece, idsMax))
  return [...found, ...ids.end(idsMax)]
}

describe('ids of a text', () => {
  it('spell it, and are the same however it is cut, in the middle of a character too', () => {
    const whole = idsOf([TEXT])
    const text = tokenizer.textStream([])
    expect(whole.map((id) => text.push(id)).join('') + text.end()).toBe(TEXT)
    expect(whole.length).toBeLessThan(Buffer.byteLength(TEXT))
    const maker = new SchemaMaker(1)
    for (let run = 0; run < 50; run++) {
      const pieces: string[] = []
      for (let at = 0; at < TEXT.length; ) {
        const length = 1 + maker.below(4)
        pieces.push(TEXT.slice(at, at + length))
        at += length
      }
      expect(idsOf(pieces)).toEqual(whole)
    }
    expect(idsOf(TEXT.split(''))).toEqual(whole)
    expect(idsOf(['', '', TEXT, ''])).toEqual(whole)
  })

  it('stop at their limit, and half a character alone is a replacement', () => {
    expect(createIds().push('x'.repeat(1_048_576), 5)).toHaveLength(5)
    const text = tokenizer.textStream([])
    const ids = idsOf(['a\ud83d'])
    expect(ids.map((id) => text.push(id)).join('') + text.end()).toBe('a\uFFFD')
  })
})

describe('a server that answers in text', () => {
  it.each(['llama-cpp', 'openai'] as const)(
    '%s sells no more tokens in letters',
    async (dialect) => {
      const server = await harness.start({ dialect, answer: TEXT })
      const engine = await harness.open(server)
      const sampling = { temperature: 0, topP: 1, seed: 1n }
      const ask = upstreamRequest(server, { sampling, maxTokens: 200 })
      const whole = await readAnswer(engine.generate(ask))
      expect(whole.ids).toEqual(idsOf([TEXT]))
      server.fault = 'in-letters'
      expect(await readAnswer(engine.generate(ask))).toEqual(whole)
    },
  )

  it.each(['llama-cpp', 'openai'] as const)('%s that talks on behind its end', async (dialect) => {
    const server = await harness.start({ dialect, answer: TEXT })
    const engine = await harness.open(server)
    server.fault = 'talks-on'
    const sampling = { temperature: 0, topP: 1, seed: 1n }
    const ask = upstreamRequest(server, { sampling, maxTokens: 200 })
    const drift = expect.objectContaining({ code: 'UPSTREAM_DRIFT', data: { rule: 'end' } })
    await expect(readAnswer(engine.generate(ask))).rejects.toEqual(drift)
  })

  it('may think for as many events as it may answer in tokens, and no longer', () => {
    const answer = new UpstreamAnswer(
      {
        ...{ dialect: openaiDialect, model: 'm', promptTokens: 2, resumeTokenIds: [], stop: [] },
        ...{ maxTokens: 3, constraint: undefined, topLogprobs: undefined },
      },
      { tokenizer, textToIds: createIds },
    )
    const read = openaiDialect.reader()
    const event = (delta: object): UpstreamPiece => read({ choices: [{ index: 0, delta }] })
    const moves: number[] = []
    for (let at = 0; at < 5; at++) {
      expect(answer.take(event({ reasoning_content: 'hm' }))).toEqual([])
      moves.push(answer.moves)
    }
    answer.take(event({ role: 'assistant', content: '' }))
    moves.push(answer.moves)
    expect(moves).toEqual([1, 2, 3, 3, 3, 3])
    answer.take(event({ content: 'hello' }))
    expect(answer.moves).toBe(4)
  })
})

it.each(['', 'two\nlines', 'sécret', 'se cret', 'secret\u0000'])(
  'a key that no header takes, %j, is refused without being shown',
  async (apiKey) => {
    const server = await harness.start()
    const refusal = await harness.open(server, { apiKey }).catch((thrown: unknown) => thrown)
    expect(refusal).toMatchObject({ code: 'UPSTREAM_OPTION', data: { option: 'key' } })
    const { message, data, remedy, cause } = refusal as Error & Record<string, unknown>
    const shown = JSON.stringify([message, data, remedy, String(cause)])
    if (apiKey !== '') expect(shown).not.toContain(apiKey)
  },
)

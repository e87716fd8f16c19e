/**
 * Grades the demonstration model through the real engine, on questions that were written by hand by
 * someone who had not read the generator of its training text.
 */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ChatTokenizer, Engine } from '#inference/engine.ts'
import { loadChatTokenizer } from '#inference/model/chat-tokenizer.ts'
import { readTokenizerFiles } from '#inference/model/read-model.ts'
import { createOnnxEngine } from '#inference/onnx/onnx-engine.ts'

interface Facts {
  readonly longQuestion: string
  readonly longMinTokens: number
  readonly refusalMarkers: readonly string[]
  /** An answer is right when it holds at least one wording of each required group. */
  readonly facts: readonly { readonly id: string; readonly required: readonly string[][] }[]
}
interface Question {
  readonly id: string
  readonly question: string
}

const ROOT = path.join(import.meta.dirname, '../..')
const MODEL = path.join(ROOT, 'models/demo')
const isPresent = existsSync(path.join(MODEL, 'onnx/model.onnx'))
if (!isPresent) console.log('skipped: models/demo/onnx/model.onnx does not exist yet')

const ANSWER_TOKENS_MAX = 80
const PARAPHRASES = 60
const PARAPHRASE_SHARE_MIN = 0.8
const OFF_TOPIC = 12
const REFUSED_MIN = 10
const REPEATED_WORDS = 8
const LONG_TOKENS_MAX = 300

function read<T>(file: string): T {
  return JSON.parse(readFileSync(path.join(ROOT, file), 'utf8')) as T
}

describe.skipIf(!isPresent)('demonstration model', () => {
  const facts = isPresent ? read<Facts>('models/training/facts.json') : undefined
  let engine: Engine
  let tokenizer: ChatTokenizer

  beforeAll(async () => {
    tokenizer = loadChatTokenizer(await readTokenizerFiles(MODEL))
    const clock = { nowMs: () => 0 }
    engine = await createOnnxEngine({ folder: MODEL, modelId: 'demo', clock, threads: 1 })
  })
  afterAll(() => engine?.[Symbol.asyncDispose]())

  async function ask(question: string, maxTokens = ANSWER_TOKENS_MAX) {
    const stream = tokenizer.textStream([])
    let text = ''
    let tokens = 0
    const events = engine.generate({
      promptTokenIds: tokenizer.encodeChat([{ role: 'user', content: question }]),
      resumeTokenIds: [],
      maxTokens,
      sampling: { temperature: 0, topP: 1, seed: 0n },
      stop: [],
      signal: new AbortController().signal,
    })
    for await (const event of events) {
      if (event.kind !== 'token') continue
      tokens++
      text += stream.push(event.id)
    }
    return { text: text + stream.end(), tokens }
  }

  it(`gives the required fact for ${PARAPHRASE_SHARE_MIN * 100} % of the paraphrases`, async () => {
    const questions = read<Question[]>('test/model/paraphrases.json')
    expect(questions).toHaveLength(PARAPHRASES)
    const wrong: string[] = []
    for (const { id, question } of questions) {
      const required = facts?.facts.find((fact) => fact.id === id)?.required ?? []
      expect(required.length, `facts.json has ${id}`).toBeGreaterThan(0)
      const text = (await ask(question)).text.toLowerCase()
      const isRight = required.every((group) =>
        group.some((one) => text.includes(one.toLowerCase())),
      )
      if (!isRight) wrong.push(`${id}: ${question} -> ${text}`)
    }
    const right = questions.length - wrong.length
    console.log(`paraphrases: ${right} of ${questions.length} right`)
    expect(right, wrong.join('\n')).toBeGreaterThanOrEqual(PARAPHRASE_SHARE_MIN * PARAPHRASES)
  })

  it(`refuses at least ${REFUSED_MIN} of ${OFF_TOPIC} off-topic questions`, async () => {
    const questions = read<string[]>('test/model/off-topic.json')
    expect(questions).toHaveLength(OFF_TOPIC)
    const answered: string[] = []
    for (const question of questions) {
      const { text } = await ask(question)
      if (!facts?.refusalMarkers.some((marker) => text.includes(marker))) {
        answered.push(`${question} -> ${text}`)
      }
    }
    console.log(`off-topic: ${questions.length - answered.length} of ${questions.length} refused`)
    expect(questions.length - answered.length, answered.join('\n')).toBeGreaterThanOrEqual(
      REFUSED_MIN,
    )
  })

  it('writes a long answer that does not go round in circles', async () => {
    const { text, tokens } = await ask(facts?.longQuestion ?? '', LONG_TOKENS_MAX)
    console.log(`long answer: ${tokens} tokens`)
    expect(tokens, text).toBeGreaterThanOrEqual(facts?.longMinTokens ?? 0)
    expect(facts?.longMinTokens).toBeGreaterThanOrEqual(150)
    const words = text.toLowerCase().split(/\s+/)
    const seen = new Map<string, number>()
    for (let at = 0; at + REPEATED_WORDS <= words.length; at++) {
      const run = words.slice(at, at + REPEATED_WORDS).join(' ')
      seen.set(run, (seen.get(run) ?? 0) + 1)
    }
    expect(Math.max(...seen.values()), text).toBeLessThan(3)
  })
})

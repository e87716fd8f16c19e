/**
 * `cocoon bench model`: what the demonstration model gets right of questions that its training never
 * showed. Greedy answers, so that the figures are the same on every machine of one instruction set.
 */
import type { ChatTokenizer, Engine } from '#inference/engine.ts'
import { loadChatTokenizer } from '#inference/model/chat-tokenizer.ts'
import { readTokenizerFiles } from '#inference/model/read-model.ts'
import { createOnnxEngine } from '#inference/onnx/onnx-engine.ts'
import { systemClock as clock } from '../clock.ts'
import { DEMO_MODEL_FOLDER, type DemoQuestion, demoQuestions } from './demo-questions.ts'
import { type BenchDocument, type BenchRow, benchDocument } from './rows.ts'

const ANSWER_TOKENS_MAX = 80

export interface GradedQuestion extends Omit<DemoQuestion, 'isRight'> {
  readonly answer: string
  readonly tokens: number
  readonly isRight: boolean
}

/** Asks every question, one after the other. */
export async function gradeDemoModel(
  questions: readonly DemoQuestion[],
  { answerTokensMax = ANSWER_TOKENS_MAX } = {},
): Promise<GradedQuestion[]> {
  const tokenizer = loadChatTokenizer(await readTokenizerFiles(DEMO_MODEL_FOLDER))
  await using engine = await createOnnxEngine({ folder: DEMO_MODEL_FOLDER, modelId: 'demo', clock })
  const graded: GradedQuestion[] = []
  for (const question of questions) {
    const given = await greedyAnswer({ engine, tokenizer }, question.question, answerTokensMax)
    graded.push({ ...question, ...given, isRight: question.isRight(given.answer) })
  }
  return graded
}

async function greedyAnswer(
  { engine, tokenizer }: { readonly engine: Engine; readonly tokenizer: ChatTokenizer },
  content: string,
  maxTokens: number,
): Promise<{ readonly answer: string; readonly tokens: number }> {
  const stream = tokenizer.textStream([])
  let answer = ''
  let tokens = 0
  const events = engine.generate({
    promptTokenIds: tokenizer.encodeChat([{ role: 'user', content }]),
    resumeTokenIds: [],
    maxTokens,
    sampling: { temperature: 0, topP: 1, seed: 0n },
    stop: [],
    signal: new AbortController().signal,
  })
  for await (const event of events) {
    if (event.kind !== 'token') continue
    tokens++
    answer += stream.push(event.id)
  }
  return { answer: answer + stream.end(), tokens }
}

/** One row for each set of questions, in the order of the sets. */
export function demoModelRows(graded: readonly GradedQuestion[]): BenchRow[] {
  const sets = Map.groupBy(graded, ({ set }) => set)
  return [...sets].map(([figure, questions]) => {
    const right = questions.filter(({ isRight }) => isRight).length
    const value = (100 * right) / questions.length
    const shareMin = questions[0]?.shareMin ?? 0
    return {
      figure,
      value,
      unit: '%',
      against: `${questions.length} questions`,
      ratio: null,
      reach: `at least ${100 * shareMin} %`,
      ok: right >= shareMin * questions.length,
      min: value,
      median: value,
      max: value,
    }
  })
}

/** The seed changes nothing: greedy answers to a fixed list. */
export async function benchModel(seed: number): Promise<BenchDocument> {
  return benchDocument('model', seed, demoModelRows(await gradeDemoModel(demoQuestions())))
}

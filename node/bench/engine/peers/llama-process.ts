/** node-llama-cpp, measured like ours: greedy, every token turned into text. Arguments: its entry, a GGUF. */
import { pathToFileURL } from 'node:url'
import { type DecodeTask, type PrefillTask, promptIds } from '../subject.ts'
import { servePeer } from './peer-messages.ts'

/** The part of node-llama-cpp's API that is used here; it is installed by the benchmark, not by npm ci. */
interface LlamaModule {
  getLlama(options: object): Promise<{ loadModel(options: object): Promise<LlamaModel> }>
}
interface LlamaModel {
  createContext(options: object): Promise<LlamaContext>
  detokenize(tokens: readonly number[]): string
}
interface LlamaContext {
  getSequence(): LlamaSequence
  dispose(): Promise<void>
}
interface LlamaSequence {
  clearHistory(): Promise<void>
  evaluateWithoutGeneratingNewTokens(tokens: readonly number[]): Promise<void>
  evaluate(tokens: readonly number[], options: object): AsyncIterable<number>
}

/** How a context is made: what there is to tune. */
export interface LlamaSetting {
  readonly sequences: number
  readonly threads: number
  /** Tokens of a batch; node-llama-cpp makes ubatch the same. */
  readonly batchTokens: number
  readonly contextTokens: number
  readonly vocabularySize: number
}

const [entry = '', modelPath = ''] = process.argv.slice(2)
const { getLlama } = (await import(pathToFileURL(entry).href)) as LlamaModule
const llama = await getLlama({ gpu: false, maxThreads: 0, build: 'never', logLevel: 'error' })
const model = await llama.loadModel({ modelPath, gpuLayers: 0 })
let context: LlamaContext | undefined
let sequences: LlamaSequence[] = []
let vocabularySize = 0

async function open(setting: LlamaSetting): Promise<number> {
  await context?.dispose()
  const { contextTokens: contextSize, sequences: count, threads, batchTokens: batchSize } = setting
  const options = { contextSize, sequences: count, threads, batchSize }
  const made = await model.createContext(options)
  context = made
  sequences = Array.from({ length: count }, () => made.getSequence())
  vocabularySize = setting.vocabularySize
  return 0
}

/** Fewer sequences than streams: the streams take turns, as a server with so few would have them. */
async function stepMs({ streams, promptTokens, tokens, salt }: DecodeTask): Promise<number> {
  let tookMs = 0
  for (let first = 0; first < streams; first += sequences.length) {
    const together = sequences.slice(0, Math.min(sequences.length, streams - first))
    for (const [at, sequence] of together.entries()) {
      await sequence.clearHistory()
      const ids = promptIds(promptTokens, first + at, salt, vocabularySize)
      await sequence.evaluateWithoutGeneratingNewTokens(ids)
    }
    const startMs = performance.now()
    await Promise.all(together.map((sequence) => decode(sequence, tokens)))
    tookMs += performance.now() - startMs
  }
  return tookMs / tokens
}

async function decode(sequence: LlamaSequence, tokens: number): Promise<void> {
  let left = tokens
  let text = ''
  for await (const id of sequence.evaluate([300], { temperature: 0, yieldEogToken: true })) {
    text += model.detokenize([id])
    if (--left === 0) break
  }
  if (text.length < 0) throw new RangeError('unreachable')
}

async function prefillMs({ promptTokens, salt }: PrefillTask): Promise<number> {
  const [sequence] = sequences
  await sequence?.clearHistory()
  const ids = promptIds(promptTokens, 0, salt, vocabularySize)
  const startMs = performance.now()
  if (sequence === undefined) return Number.NaN
  // The last one is read by the call that draws the first token.
  await sequence.evaluateWithoutGeneratingNewTokens(ids.slice(0, -1))
  for await (const _ of sequence.evaluate(ids.slice(-1), { temperature: 0, yieldEogToken: true }))
    break
  return performance.now() - startMs
}

servePeer({ open, stepMs, prefillMs })

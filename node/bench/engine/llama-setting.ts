/** Finds the setting in which llama.cpp is at its best on this machine: a rival tuned down proves nothing. */
import type { LlamaSetting } from './peers/llama-process.ts'
import type { PeerProcess } from './peers/peer-process.ts'

const SEQUENCES = [1, 2, 4, 8]
const BATCH_TOKENS = [32, 512]
const PROBE = { promptTokens: 32, tokens: 8 }
/** Positions of one sequence: prompt and answer of every figure. */
const CONTEXT_TOKENS = 1_024

export interface TunedSetting extends LlamaSetting {
  readonly stepMs: number
}

/** Context settings of `streams` decoded side by side, each tried for some steps. */
export async function bestLlamaSetting(
  llama: PeerProcess,
  streams: number,
  threadsMax: number,
  vocabularySize: number,
): Promise<TunedSetting> {
  let best: TunedSetting | undefined
  for (const sequences of SEQUENCES.filter((count) => count <= streams)) {
    for (const batchTokens of BATCH_TOKENS) {
      for (let threads = 1; threads <= threadsMax; threads++) {
        const setting = settingOf(sequences, threads, batchTokens, vocabularySize)
        await llama.call('open', setting)
        const tries = [1, 2].map((salt) => ({ ...PROBE, streams, salt }))
        let stepMs = Number.POSITIVE_INFINITY
        for (const task of tries) stepMs = Math.min(stepMs, await llama.stepMs(task))
        if (best === undefined || stepMs < best.stepMs) best = { ...setting, stepMs }
      }
    }
  }
  if (best === undefined) throw new RangeError('no stream')
  return best
}

function settingOf(
  sequences: number,
  threads: number,
  batchTokens: number,
  vocabularySize: number,
): LlamaSetting {
  const contextTokens = CONTEXT_TOKENS
  return { sequences, threads, batchTokens, contextTokens, vocabularySize }
}

export function describeSetting({ sequences, threads, batchTokens }: LlamaSetting): string {
  return `${sequences} at once, ${threads} threads, batch and ubatch ${batchTokens}`
}

/** Finds the setting in which llama.cpp is at its best on this machine: a rival tuned down proves nothing. */
import { sleep } from '#node/async.ts'
import type { LlamaSetting } from './peers/llama-process.ts'
import { PeerProcess } from './peers/peer-process.ts'
import { fastestProbe, PROBE_DECODE, PROBE_PREFILL_TOKENS } from './probes.ts'
import type { Subject } from './subject.ts'

const SEQUENCES = [1, 4, 8]
const BATCH_TOKENS = 512
const OTHER_BATCH_TOKENS = [32, 128]
/** Threads that wait for each other in loops stand still on a busy machine: such a setting is not the best. */
const PROBE_LIMIT_MS = 30_000
/** Positions of one sequence: prompt and answer of every figure. */
const CONTEXT_TOKENS = 1_024

interface Probed {
  readonly setting: LlamaSetting
  readonly ms: number
}

/** One process of llama.cpp and how its context is made now; the process is replaced when it stands still. */
export class TunedLlama implements Subject {
  readonly #args: readonly string[]
  readonly #vocabularySize: number
  #peer: PeerProcess
  #setting: LlamaSetting | undefined

  static async start(entry: string, gguf: string, vocabularySize: number): Promise<TunedLlama> {
    const args = [entry, gguf]
    return new TunedLlama(await startLlama(args), args, vocabularySize)
  }

  private constructor(peer: PeerProcess, args: readonly string[], vocabularySize: number) {
    this.#peer = peer
    this.#args = args
    this.#vocabularySize = vocabularySize
  }

  /** For example "8 at once, 2 threads, batch and ubatch 512". */
  get setting(): string {
    const { sequences = 0, threads = 0, batchTokens = 0 } = this.#setting ?? {}
    return `${sequences} at once, ${threads} threads, batch and ubatch ${batchTokens}`
  }

  /** Takes the context in which `streams` side by side decode fastest. */
  tuneDecode(streams: number, threadsMax: number): Promise<void> {
    const task = { ...PROBE_DECODE, streams, salt: 1 }
    // One at a time was never the best of several streams, and is the only way for one.
    const counts = SEQUENCES.filter((count) => (streams === 1 ? count === 1 : count > 1))
    return this.#tune(this.#settings(counts, threadsMax), () => this.stepMs(task))
  }

  /** Takes the context in which a prompt is read fastest. */
  tunePrefill(threadsMax: number): Promise<void> {
    const task = { promptTokens: PROBE_PREFILL_TOKENS, salt: 1 }
    return this.#tune(this.#settings([1], threadsMax), () => this.prefillMs(task))
  }

  stepMs(task: Parameters<Subject['stepMs']>[0]): Promise<number> {
    return this.#peer.stepMs(task)
  }

  prefillMs(task: Parameters<Subject['prefillMs']>[0]): Promise<number> {
    return this.#peer.prefillMs(task)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#peer[Symbol.asyncDispose]()
  }

  /** Threads and sequences first, in the largest batch, then the batch: each pair takes seconds. */
  async #tune(settings: readonly LlamaSetting[], probe: () => Promise<number>): Promise<void> {
    const first = await this.#fastest(settings, probe)
    const others = OTHER_BATCH_TOKENS.map((batchTokens) => ({ ...first.setting, batchTokens }))
    const second = await this.#fastest(others, probe)
    const best = second.ms < first.ms ? second : first
    await this.#peer.call('open', best.setting)
    this.#setting = best.setting
  }

  async #fastest(settings: readonly LlamaSetting[], probe: () => Promise<number>): Promise<Probed> {
    const probed: Probed[] = []
    for (const setting of settings) {
      const ms = await this.#limited(async () => {
        await this.#peer.call('open', setting)
        return fastestProbe(probe)
      })
      probed.push({ setting, ms })
    }
    return probed.reduce((best, each) => (each.ms < best.ms ? each : best))
  }

  /** Infinite when it takes too long. */
  async #limited(task: () => Promise<number>): Promise<number> {
    const over = new AbortController()
    const late = sleep(PROBE_LIMIT_MS, over.signal).then(
      () => Number.POSITIVE_INFINITY,
      () => Number.POSITIVE_INFINITY,
    )
    const running = task().catch(() => Number.POSITIVE_INFINITY)
    const ms = await Promise.race([running, late])
    over.abort()
    if (Number.isFinite(ms)) return ms
    await this.#peer[Symbol.asyncDispose]()
    this.#peer = await startLlama(this.#args)
    return ms
  }

  /** One thread first: there is a best setting even where two stand still. */
  #settings(counts: readonly number[], threadsMax: number): LlamaSetting[] {
    const threadCounts = Array.from({ length: threadsMax }, (_, at) => at + 1)
    return threadCounts.flatMap((threads) =>
      counts.map((sequences) => ({
        sequences,
        threads,
        batchTokens: BATCH_TOKENS,
        contextTokens: CONTEXT_TOKENS,
        vocabularySize: this.#vocabularySize,
      })),
    )
  }
}

function startLlama(args: readonly string[]): Promise<PeerProcess> {
  return PeerProcess.start('llama-process.ts', args)
}

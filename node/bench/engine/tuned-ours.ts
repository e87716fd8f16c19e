/** Our engine with the number of threads that is the fastest for a figure: tuned as the peer is. */
import type { OurSubject } from './our-subject.ts'
import type { DecodeTask, PrefillTask, Subject } from './subject.ts'

const PROBE = { promptTokens: 32, tokens: 8, salt: 1_000 }
const PROBE_PREFILL_TOKENS = 256

export class TunedOurs implements Subject {
  readonly #engines: readonly OurSubject[]
  #best: OurSubject

  /** `all` differ in their threads alone, and are not ended by this. */
  constructor(all: readonly [OurSubject, ...OurSubject[]]) {
    this.#engines = all
    this.#best = all[0]
  }

  /** For example "2 threads". */
  get setting(): string {
    const { threads } = this.#best
    return `${threads} ${threads === 1 ? 'thread' : 'threads'}`
  }

  tuneDecode(streams: number): Promise<void> {
    return this.#tune((engine) => engine.stepMs({ ...PROBE, streams }))
  }

  tunePrefill(): Promise<void> {
    return this.#tune((engine) =>
      engine.prefillMs({ promptTokens: PROBE_PREFILL_TOKENS, salt: PROBE.salt }),
    )
  }

  stepMs(task: DecodeTask): Promise<number> {
    return this.#best.stepMs(task)
  }

  prefillMs(task: PrefillTask): Promise<number> {
    return this.#best.prefillMs(task)
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** The second probe of each counts, as with the peer. */
  async #tune(probe: (engine: OurSubject) => Promise<number>): Promise<void> {
    let bestMs = Number.POSITIVE_INFINITY
    for (const engine of this.#engines) {
      await probe(engine)
      const ms = await probe(engine)
      if (ms >= bestMs) continue
      bestMs = ms
      this.#best = engine
    }
  }
}

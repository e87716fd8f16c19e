/** Our engine with the number of threads that is the fastest for a figure: tuned as the peer is. */
import { counted } from '#node/text.ts'
import type { OurSubject } from './our-subject.ts'
import { fastestProbe, PROBE_DECODE, PROBE_PREFILL_TOKENS } from './probes.ts'
import type { DecodeTask, PrefillTask, Subject } from './subject.ts'

const PROBE = { ...PROBE_DECODE, salt: 1_000 }

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
    return counted(this.#best.threads, 'thread')
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

  async #tune(probe: (engine: OurSubject) => Promise<number>): Promise<void> {
    let bestMs = Number.POSITIVE_INFINITY
    for (const engine of this.#engines) {
      const ms = await fastestProbe(() => probe(engine))
      if (ms >= bestMs) continue
      bestMs = ms
      this.#best = engine
    }
  }
}

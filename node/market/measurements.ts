/** What this client measured about providers: nobody else's word enters the choice. */
import type { Clock } from '#protocol/clock.ts'
import type { ProviderMeasurement } from '#protocol/market/choice.ts'
import { LATENCY_SAMPLE_WEIGHT, MEASUREMENTS_MAX } from './constants.ts'

const UNMEASURED: ProviderMeasurement = { latencyMs: undefined, failures: 0, lastFailureMs: 0 }

export class Measurements {
  readonly #byProvider = new Map<string, ProviderMeasurement>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get all(): ReadonlyMap<string, ProviderMeasurement> {
    return this.#byProvider
  }

  latencyMs(provider: string): number | undefined {
    return this.#byProvider.get(provider)?.latencyMs
  }

  recordLatency(provider: string, sampleMs: number): void {
    const before = this.#byProvider.get(provider) ?? UNMEASURED
    const latencyMs =
      before.latencyMs === undefined
        ? sampleMs
        : before.latencyMs + LATENCY_SAMPLE_WEIGHT * (sampleMs - before.latencyMs)
    this.#put(provider, { ...before, latencyMs })
  }

  /** A request was served: earlier failures are forgiven. */
  recordSuccess(provider: string): void {
    const before = this.#byProvider.get(provider) ?? UNMEASURED
    this.#put(provider, { ...before, failures: 0 })
  }

  recordFailure(provider: string): void {
    const before = this.#byProvider.get(provider) ?? UNMEASURED
    const failures = before.failures + 1
    this.#put(provider, { ...before, failures, lastFailureMs: this.#clock.nowMs() })
  }

  /** Re-inserted, so that the one untouched for longest leaves when the table is full. */
  #put(provider: string, measurement: ProviderMeasurement): void {
    this.#byProvider.delete(provider)
    this.#byProvider.set(provider, measurement)
    if (this.#byProvider.size <= MEASUREMENTS_MAX) return
    const [oldest] = this.#byProvider.keys()
    if (oldest !== undefined) this.#byProvider.delete(oldest)
  }
}

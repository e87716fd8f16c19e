/** What a process that runs for a week must not have: growth. Samples, and the slopes through them. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import v8 from 'node:v8'
import vm from 'node:vm'

const MEBIBYTE = 1_048_576
const HOUR_MS = 3_600_000

export interface Sample {
  readonly atMs: number
  readonly answers: number
  readonly rssMiB: number
  /** After a garbage collection: what is really kept. */
  readonly heapMiB: number
  /** Sockets, timers, servers and files that keep the process busy. */
  readonly handles: number
  /** 99th percentile since the sample before. */
  readonly loopDelayP99Ms: number
  /** Sessions of each provider. */
  readonly openStreams: readonly number[]
}

export interface Slopes {
  readonly rssMiBPerHour: number
  readonly heapMiBPerHour: number
  readonly heapKiBPerAnswer: number
  readonly handlesPerHour: number
}

export class Meter {
  readonly samples: Sample[] = []
  readonly #loop = monitorEventLoopDelay({ resolution: 10 })
  readonly #collect: () => void
  readonly #startedMs = performance.now()

  constructor() {
    // Without a collection the heap shows when V8 was last busy, not what is kept.
    v8.setFlagsFromString('--expose-gc')
    this.#collect = vm.runInNewContext('gc') as () => void
    this.#loop.enable()
  }

  sample(answers: number, openStreams: readonly number[]): Sample {
    this.#collect()
    const { rss, heapUsed } = process.memoryUsage()
    const sample = {
      atMs: performance.now() - this.#startedMs,
      answers,
      rssMiB: rss / MEBIBYTE,
      heapMiB: heapUsed / MEBIBYTE,
      handles: process.getActiveResourcesInfo().length,
      loopDelayP99Ms: this.#loop.percentile(99) / 1e6,
      openStreams,
    }
    this.#loop.reset()
    this.samples.push(sample)
    return sample
  }

  stop(): void {
    this.#loop.disable()
  }
}

/** Least squares through the samples; the first quarter is warm-up and left out. */
export function slopesOf(samples: readonly Sample[]): Slopes {
  const steady = samples.slice(Math.floor(samples.length / 4))
  const perHour = (value: (sample: Sample) => number) =>
    slope(steady, ({ atMs }) => atMs / HOUR_MS, value)
  return {
    rssMiBPerHour: perHour(({ rssMiB }) => rssMiB),
    heapMiBPerHour: perHour(({ heapMiB }) => heapMiB),
    heapKiBPerAnswer: slope(
      steady,
      ({ answers }) => answers,
      ({ heapMiB }) => heapMiB * 1_024,
    ),
    handlesPerHour: perHour(({ handles }) => handles),
  }
}

/** Of y over x; 0 when x does not move. */
export function slope<T>(rows: readonly T[], x: (row: T) => number, y: (row: T) => number): number {
  const mean = (of: (row: T) => number) => rows.reduce((sum, row) => sum + of(row), 0) / rows.length
  const [meanX, meanY] = [mean(x), mean(y)]
  const covariance = rows.reduce((sum, row) => sum + (x(row) - meanX) * (y(row) - meanY), 0)
  const variance = rows.reduce((sum, row) => sum + (x(row) - meanX) ** 2, 0)
  return variance === 0 ? 0 : covariance / variance
}

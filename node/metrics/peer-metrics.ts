/**
 * The metrics of one peer, in Prometheus' text format. Gauges are read from the peer's status when
 * somebody asks; counters follow its events. libp2p's own metrics and the process's are in the answer.
 */
import { prometheusMetrics } from '@libp2p/prometheus-metrics'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { HostMetrics } from '#node/network/host.ts'
import type { NodeEventBody } from '#node/roles/events.ts'
import type { RoleStatus } from '#node/roles/peer-options.ts'
import { METRIC_CODES_MAX } from './constants.ts'
import { METRICS, type MetricLine } from './names.ts'
import { statusGauges } from './status-gauges.ts'

/** Answers take from milliseconds to minutes. */
const SECONDS_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120]

export interface PeerMetrics {
  /** For the libp2p host. */
  readonly host: HostMetrics
  readonly contentType: string
  /** Counts what the peer tells its owner. */
  observe(body: NodeEventBody): void
  /** Begins one request of a client; the function that it returns ends it. */
  request(): RequestMetrics
  /** Where the gauges are read; without it they are left out. */
  watch(status: () => RoleStatus): void
  text(): Promise<string>
}

export type RequestOutcome = 'answered' | 'failed' | 'cancelled'

export interface RequestMetrics {
  firstToken(): void
  tokens(prompt: number, cached: number, completion: number): void
  /** Only the first call counts. */
  ended(outcome: RequestOutcome): void
}

export interface MetricsOptions {
  readonly role: 'provider' | 'client'
  readonly version: string
}

export function createPeerMetrics({ role, version }: MetricsOptions): PeerMetrics {
  const registry = new Registry()
  const startedMs = performance.now()
  const counters = countersIn(registry)
  const gauge = (line: MetricLine) => gaugeIn(registry, line)
  gauge(METRICS.info).set({ version, role }, 1)
  const running = gauge(METRICS.running)
  const codes = new Set<string>()
  return {
    // It remembers metrics by name for the whole process; forgetting them gives each host its own.
    host: prometheusMetrics({
      registry,
      collectDefaultMetrics: false,
      preserveExistingMetrics: false,
    }),
    contentType: Registry.PROMETHEUS_CONTENT_TYPE,
    observe(body) {
      counters.events.inc({ kind: body.kind })
      if (body.kind === 'verdict') counters.verdicts.inc({ tier: body.tier, ok: `${body.ok}` })
      if (body.kind === 'warning') counters.warnings.inc({ code: knownCode(body.code, codes) })
    },
    request() {
      const beganMs = performance.now()
      const seconds = () => (performance.now() - beganMs) / 1000
      let isOver = false
      running.inc()
      return {
        firstToken: () => counters.firstToken.observe(seconds()),
        tokens(prompt, cached, completion) {
          counters.tokens.inc({ kind: 'prompt' }, prompt)
          counters.tokens.inc({ kind: 'cached' }, cached)
          counters.tokens.inc({ kind: 'completion' }, completion)
        },
        ended(outcome) {
          if (isOver) return
          isOver = true
          running.dec()
          counters.requests.inc({ outcome })
          if (outcome === 'answered') counters.answer.observe(seconds())
        },
      }
    },
    watch(status) {
      const fill = statusGauges(gauge)
      // The first of them reads the status for all: an answer is made in the order of registration,
      // and gauges that are made meanwhile are missing from it.
      gaugeIn(registry, METRICS.uptime, function () {
        this.set((performance.now() - startedMs) / 1000)
        fill(status())
      })
      fill(status())
    },
    text: async () => `${await registry.metrics()}\n${await processRegistry().metrics()}`,
  }
}

/** A code from a peer could be any word: only so many become labels. */
function knownCode(code: string, known: Set<string>): string {
  if (known.has(code)) return code
  if (!/^[A-Z][A-Z0-9_]{2,48}$/.test(code) || known.size >= METRIC_CODES_MAX) return 'OTHER'
  known.add(code)
  return code
}

function countersIn(registry: Registry) {
  const counter = ({ name, help, labels }: MetricLine) =>
    new Counter({ name, help, labelNames: [...labels], registers: [registry] })
  const histogram = ({ name, help }: MetricLine) =>
    new Histogram({ name, help, buckets: SECONDS_BUCKETS, registers: [registry] })
  return {
    events: counter(METRICS.events),
    warnings: counter(METRICS.warnings),
    verdicts: counter(METRICS.verdicts),
    requests: counter(METRICS.requests),
    tokens: counter(METRICS.tokens),
    firstToken: histogram(METRICS.firstToken),
    answer: histogram(METRICS.answer),
  }
}

function gaugeIn(
  registry: Registry,
  { name, help, labels }: MetricLine,
  collect?: (this: Gauge) => void,
): Gauge {
  const read = collect === undefined ? {} : { collect }
  return new Gauge({ name, help, labelNames: [...labels], registers: [registry], ...read })
}

let ofProcess: Registry | undefined

/** Memory, handles, event loop: of the process, so once, however many peers live in it. */
function processRegistry(): Registry {
  if (ofProcess === undefined) {
    ofProcess = new Registry()
    collectDefaultMetrics({ register: ofProcess })
  }
  return ofProcess
}

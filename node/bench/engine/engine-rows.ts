/** The figures of `cocoon bench engine`: how each is measured, and what is to be reached. */
import type { BenchRow } from '../rows.ts'
import type { OurSubject } from './our-subject.ts'
import type { ReadBandwidth } from './read-bandwidth.ts'
import { inRounds, pairedRatios, spreadOf } from './spread.ts'
import type { DecodeTask, Subject } from './subject.ts'

export interface Effort {
  readonly rounds: number
  /** Timed steps of a round. */
  readonly tokens: number
}

export const FULL: Effort = { rounds: 7, tokens: 48 }
export const QUICK: Effort = { rounds: 3, tokens: 16 }

const PROMPT_TOKENS = 128
const LONG_CONTEXT_TOKENS = 900
const PREFILL_TOKENS = 512

export interface Reach {
  readonly figure: string
  readonly against: string
  /** Bounds of the ratio; null: only shown. */
  readonly ratioMin?: number
  readonly ratioMax?: number
  readonly unit: string
}

/** Our value of every round, and the ratio of each round; the verdict is on the median ratio. */
export function ratioRow(
  reach: Reach,
  values: readonly number[],
  ratios: readonly number[],
): BenchRow {
  const { figure, against, unit, ratioMin, ratioMax } = reach
  const ratio = spreadOf(ratios).median
  const limits = [
    ratioMin === undefined ? [] : [`at least ${ratioMin}`],
    ratioMax === undefined ? [] : [`at most ${ratioMax}`],
  ].flat()
  const ok =
    limits.length === 0
      ? null
      : ratio >= (ratioMin ?? Number.NEGATIVE_INFINITY) &&
        ratio <= (ratioMax ?? Number.POSITIVE_INFINITY)
  const spread = spreadOf(values)
  const range = spreadOf(ratios)
  const ratioRange = `${range.min.toPrecision(3)} to ${range.max.toPrecision(3)}`
  return {
    figure,
    value: spread.median,
    unit,
    against: against === '' ? '' : `${against} (${ratioRange})`,
    ratio: limits.length === 0 ? null : ratio,
    reach: limits.join(', '),
    ok,
    ...spread,
  }
}

function decodeTask(streams: number, { tokens }: Effort, promptTokens = PROMPT_TOKENS) {
  return (salt: number): DecodeTask => ({ streams, promptTokens, tokens, salt })
}

/** Tokens a second of all streams, beside another runtime's. */
export async function decodeRow(
  reach: Reach,
  streams: number,
  ours: Subject,
  peer: Subject,
  effort: Effort,
): Promise<BenchRow> {
  const task = decodeTask(streams, effort)
  const steps = await inRounds(effort.rounds, {
    ours: (round) => ours.stepMs(task(round)),
    peer: (round) => peer.stepMs(task(round)),
  })
  const perSecond = steps.ours.map((ms) => (streams * 1_000) / ms)
  return ratioRow(reach, perSecond, pairedRatios(steps.peer, steps.ours))
}

/** Tokens a second of eight streams over those of one. */
export async function batchingRow(reach: Reach, ours: Subject, effort: Effort): Promise<BenchRow> {
  const streams = 8
  const steps = await inRounds(effort.rounds, {
    one: (round) => ours.stepMs(decodeTask(1, effort)(round)),
    eight: (round) => ours.stepMs(decodeTask(streams, effort)(round)),
  })
  const perSecond = steps.eight.map((ms) => (streams * 1_000) / ms)
  const ratios = pairedRatios(steps.one, steps.eight).map((ratio) => streams * ratio)
  return ratioRow(reach, perSecond, ratios)
}

/** Bytes of weights that a step reads, over what plain reading reaches in the same round. */
export async function bandwidthRow(
  reach: Reach,
  ours: Subject,
  weightBytes: number,
  bandwidth: ReadBandwidth,
  effort: Effort,
): Promise<BenchRow> {
  const measured = await inRounds(effort.rounds, {
    step: (round) => ours.stepMs(decodeTask(1, effort)(round)),
    bandwidth: async () => Math.max(await bandwidth.measure(), await bandwidth.measure()),
  })
  const bytesPerSecond = measured.step.map((ms) => (weightBytes * 1_000) / ms)
  const gigabytes = bytesPerSecond.map((bytes) => bytes / 1e9)
  return ratioRow(reach, gigabytes, pairedRatios(bytesPerSecond, measured.bandwidth))
}

export async function contextRow(reach: Reach, ours: Subject, effort: Effort): Promise<BenchRow> {
  const steps = await inRounds(effort.rounds, {
    short: (round) => ours.stepMs(decodeTask(1, effort)(round)),
    long: (round) => ours.stepMs(decodeTask(1, effort, LONG_CONTEXT_TOKENS)(round)),
  })
  return ratioRow(reach, steps.long, pairedRatios(steps.long, steps.short))
}

export async function prefillRow(
  reach: Reach,
  ours: Subject,
  peer: Subject,
  effort: Effort,
): Promise<BenchRow> {
  const task = (salt: number) => ({ promptTokens: PREFILL_TOKENS, salt })
  const took = await inRounds(effort.rounds, {
    ours: (round) => ours.prefillMs(task(round)),
    peer: (round) => peer.prefillMs(task(round)),
  })
  const perSecond = took.ours.map((ms) => (PREFILL_TOKENS * 1_000) / ms)
  return ratioRow(reach, perSecond, pairedRatios(took.peer, took.ours))
}

/** Shares of single steps; the ratio is their median. */
export function shareRow(reach: Reach, shares: readonly number[]): BenchRow {
  const percent = shares.map((share) => share * 100)
  return ratioRow(reach, percent, shares)
}

const CANCEL_MS_MAX = 20

/** The slowest round counts: a slot must be free in time whenever it is asked for. */
export async function cancelRow(
  during: 'prefill' | 'decode',
  ours: OurSubject,
  effort: Effort,
): Promise<BenchRow> {
  const took: number[] = []
  for (let round = 0; round < effort.rounds; round++) {
    took.push(await ours.cancelMs(during, 7, round))
  }
  const spread = spreadOf(took)
  const busy = during === 'prefill' ? 'its prompt is read and 7 others answer' : '8 answer'
  return {
    figure: `cancel to slot free while ${busy}`,
    value: spread.median,
    unit: 'ms',
    against: '',
    ratio: null,
    reach: `at most ${CANCEL_MS_MAX}`,
    ok: spread.max <= CANCEL_MS_MAX,
    ...spread,
  }
}

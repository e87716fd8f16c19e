/**
 * Whether an answer is what a model says: the replayed answer beside the claimed one. Pure.
 * docs/spec/exactness.md, "Verification".
 */
import { VERIFY_GAP_MAX, VERIFY_GAP_MEAN_MAX, VERIFY_SAME_IDS_SHARE_MIN } from '../constants.ts'
import type { TopLogprob } from '../engine.ts'
import { logprobGap, topGaps } from './top-gaps.ts'

/** One token of an answer as its provider gave it. */
export interface ClaimedToken {
  readonly id: number
  /** As in TokenLogprobs; absent: the answer came without. */
  readonly logprob?: number | undefined
  /** As in TokenLogprobs; absent: the answer came without. */
  readonly top?: readonly TopLogprob[] | undefined
}

/** The same position, computed again after the same ids. */
export interface ReplayedToken {
  /** What would have been picked. */
  readonly id: number
  /** Of the claimed id. */
  readonly logprob: number
  /** As many as the longest claim, at most TOP_LOGPROBS_MAX; fewer where fewer can be. */
  readonly top: readonly TopLogprob[]
}

/**
 * `exact`: every id, and every log probability to its last bit. `close`: other hardware may have said
 * this. `different`: another model, other weights, other parameters, or a lie.
 */
export type AgreementVerdict = 'exact' | 'close' | 'different'

export interface Agreement {
  readonly verdict: AgreementVerdict
  /** Whether both sides use the same schedule: only then nothing but `exact` will do. */
  readonly isSameSchedule: boolean
  /** Tokens of the answer that were not read as a prompt. */
  readonly tokens: number
  readonly sameIds: number
  readonly comparedLogprobs: number
  readonly sameLogprobs: number
  /** In nats; 0 when none is compared. */
  readonly gapMean: number
  readonly gapMax: number
  /** Index, among the tokens compared, of the first that is not exactly the same. */
  readonly firstDifference: number | undefined
  /** Fewer than `tokens` when the answer holds an id that cannot be, or goes on after its end. */
  readonly replayed: readonly ReplayedToken[]
}

/** @param replayed as many as claimed, or fewer when the answer should have ended before */
export function agreementOf(
  claimed: readonly ClaimedToken[],
  replayed: readonly ReplayedToken[],
  isSameSchedule: boolean,
): Agreement {
  const pairs = claimed.map((token, at) => comparison(token, replayed[at]))
  const gaps = pairs.flatMap((pair) => pair.gaps)
  const firstDifference = pairs.findIndex(
    (pair) => !pair.isSameId || pair.gaps.some((gap) => gap !== 0),
  )
  const measured = {
    tokens: claimed.length,
    sameIds: pairs.filter(({ isSameId }) => isSameId).length,
    comparedLogprobs: gaps.length,
    sameLogprobs: gaps.filter((gap) => gap === 0).length,
    gapMean: gaps.reduce((sum, gap) => sum + gap, 0) / Math.max(1, gaps.length),
    gapMax: gaps.reduce((most, gap) => Math.max(most, gap), 0),
  }
  return {
    verdict: verdictOf(measured, isSameSchedule, replayed.length < claimed.length),
    isSameSchedule,
    ...measured,
    firstDifference: firstDifference < 0 ? undefined : firstDifference,
    replayed,
  }
}

function comparison({ id, logprob, top = [] }: ClaimedToken, replayed: ReplayedToken | undefined) {
  if (replayed === undefined) return { isSameId: false, gaps: [] }
  const own = logprob === undefined ? [] : [logprobGap(logprob, replayed.logprob)]
  return { isSameId: id === replayed.id, gaps: [...own, ...topGaps(top, replayed.top)] }
}

function verdictOf(
  measured: Pick<Agreement, 'tokens' | 'sameIds' | 'sameLogprobs' | 'comparedLogprobs'> &
    Pick<Agreement, 'gapMean' | 'gapMax'>,
  isSameSchedule: boolean,
  isTooLong: boolean,
): AgreementVerdict {
  const { tokens, sameIds, sameLogprobs, comparedLogprobs, gapMean, gapMax } = measured
  if (isTooLong) return 'different'
  if (sameIds === tokens && sameLogprobs === comparedLogprobs) return 'exact'
  if (isSameSchedule || sameIds < VERIFY_SAME_IDS_SHARE_MIN * tokens) return 'different'
  return gapMean <= VERIFY_GAP_MEAN_MAX && gapMax <= VERIFY_GAP_MAX ? 'close' : 'different'
}

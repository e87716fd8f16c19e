/** How far two lists of the most likely ids of one position lie apart. */
import type { TopLogprob } from '../engine.ts'

/**
 * In nats, one for each id that is claimed and one for each that is missed. An id that only one side lists may have
 * changed places with the last one at the end of the list: it is compared with that.
 */
export function topGaps(claimed: readonly TopLogprob[], replayed: readonly TopLogprob[]): number[] {
  const own = replayed.slice(0, claimed.length)
  // No engine lists more than it is asked for: what cannot be compared is no evidence.
  const beyond = claimed.length > own.length ? [Number.POSITIVE_INFINITY] : []
  const missed = own.filter(({ id }) => !claimed.some((each) => each.id === id))
  return [...gapsTo(claimed, own), ...gapsTo(missed, claimed), ...beyond]
}

function gapsTo(ids: readonly TopLogprob[], list: readonly TopLogprob[]): number[] {
  return ids.map(({ id, logprob }) => {
    const other = list.find((each) => each.id === id) ?? list.at(-1)
    return logprobGap(logprob, other?.logprob ?? Number.NaN)
  })
}

/** Infinity where one is no number: an id that is impossible is so on both sides, or it is a lie. */
export function logprobGap(claimed: number, replayed: number): number {
  const gap = Math.abs(claimed - replayed)
  return Number.isNaN(gap) ? Number.POSITIVE_INFINITY : gap
}

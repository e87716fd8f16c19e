/**
 * Log probabilities on the wire: whole millionths of a nat, negated. Integers have one form, no NaN and
 * no infinity, and a millionth is finer than what two machines agree on.
 */
import { ASK_TOP_LOGPROBS_MAX } from '../constants.ts'
import type { TokenLogprobs as WireLogprobs } from '../wire/gen/cocoon_pb.ts'
import { requireContent } from './content-parts.ts'

/** Natural logarithms, at most 0. */
export interface TokenLogprobs {
  readonly logprob: number
  /** Most likely first. */
  readonly top: readonly { readonly id: number; readonly logprob: number }[]
}

const MILLIONTHS_PER_NAT = 1_000_000
const MILLIONTHS_MAX = 0xffff_ffff

function toMillionths(logprob: number): number {
  // Sums of rounded exponentials may come out a little above 0.
  const millionths = Math.round(Math.max(0, -logprob) * MILLIONTHS_PER_NAT)
  return Math.min(MILLIONTHS_MAX, millionths)
}

function fromMillionths(millionths: number): number {
  return millionths === 0 ? 0 : -millionths / MILLIONTHS_PER_NAT
}

export function logprobsToWire({ logprob, top }: TokenLogprobs) {
  return {
    millionths: toMillionths(logprob),
    topIds: top.map(({ id }) => id),
    topMillionths: top.map((one) => toMillionths(one.logprob)),
  }
}

/** @throws ProtocolError FRAME_MALFORMED */
export function logprobsFromWire(wire: WireLogprobs): TokenLogprobs {
  const { millionths, topIds, topMillionths } = wire
  requireContent(topIds.length <= ASK_TOP_LOGPROBS_MAX, 'too many likely ids')
  requireContent(topIds.length === topMillionths.length, 'a likely id without its probability')
  requireContent(new Set(topIds).size === topIds.length, 'a likely id twice')
  requireContent(
    topMillionths.every((one, at) => at === 0 || one >= topMillionths[at - 1]!),
    'likely ids out of order',
  )
  const top = topIds.map((id, at) => ({ id, logprob: fromMillionths(topMillionths[at]!) }))
  return { logprob: fromMillionths(millionths), top }
}

/** What a server says about its own answer, compared with what came: counts and log probabilities. */
import type { TokenLogprobs } from '../engine.ts'
import type { Dialect, UpstreamLogprobs, UpstreamUsage } from './dialects/dialect.ts'
import { drifted } from './errors.ts'

/** A logarithm of a share is at most 0; so much is left to rounding. */
const LOGPROB_MAX = 1e-4

export interface Counts {
  /** Ids that were sent: prompt, and what was resumed from. */
  readonly sent: number
  /** Ids that came. */
  readonly received: number
}

/** @throws UnavailableError UPSTREAM_DRIFT where the server counts otherwise, or not at all */
export function checkUsage(
  { countsPrompt, exactTokenIds }: Pick<Dialect, 'countsPrompt' | 'exactTokenIds'>,
  usage: UpstreamUsage | undefined,
  { sent, received }: Counts,
): void {
  if (countsPrompt && usage?.promptTokens !== sent) throw drifted('usage')
  if (exactTokenIds && usage?.completionTokens !== received) throw drifted('usage')
}

export interface LogprobTerms {
  /** How many likely ids were asked for beside each token. */
  readonly topLogprobs: number
  readonly vocabularySize: number
}

/**
 * Of exactly this id, and so many as were asked for: vLLM adds the id that was drawn to the likeliest.
 * @throws UnavailableError UPSTREAM_DRIFT
 */
export function checkLogprobs(
  id: number,
  said: UpstreamLogprobs | undefined,
  { topLogprobs, vocabularySize }: LogprobTerms,
): TokenLogprobs {
  if (said?.id !== id) throw drifted('logprobs')
  const top = said.top.slice(0, topLogprobs)
  const isLogarithm = [said, ...top].every(({ logprob }) => logprob <= LOGPROB_MAX)
  if (!isLogarithm || top.length < topLogprobs) throw drifted('logprobs')
  if (!top.every((one) => one.id >= 0 && one.id < vocabularySize)) throw drifted('vocabulary')
  return { logprob: said.logprob, top }
}

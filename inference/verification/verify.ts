/** Replays a claimed answer on an engine of one's own. */
import { equal } from '#protocol/bytes.ts'
import { ConfigError } from '#protocol/errors.ts'
import type { Engine, VerifyRequest } from '../engine.ts'
import { type Agreement, agreementOf, type ReplayedToken } from './agreement.ts'

/**
 * For engines that decode step by step themselves; Engine.verify.
 * @throws ConfigError VERIFY_NOTHING when no token is left to compare, and what `generate` throws
 * @throws what the signal was aborted with
 */
export async function verifyByReplay(
  engine: Pick<Engine, 'info' | 'generate'>,
  request: VerifyRequest,
): Promise<Agreement> {
  const { answer, schedule, ...asked } = request
  const { resumedTokens, digest } = schedule
  const ids = answer.map(({ id }) => id)
  if (ids.length <= resumedTokens) throw nothing()
  const replayed: ReplayedToken[] = []
  const events = engine.generate({
    ...asked,
    resumeTokenIds: ids.slice(0, resumedTokens),
    replayTokenIds: ids.slice(resumedTokens),
    maxTokens: ids.length - resumedTokens,
  })
  for await (const event of events) {
    if (event.kind === 'token') {
      replayed.push({ id: event.id, logprob: event.logprobs?.logprob ?? Number.NaN })
    }
  }
  request.signal.throwIfAborted()
  return agreementOf(
    answer.slice(resumedTokens),
    replayed,
    equal(digest, engine.info.scheduleDigest) && engine.info.exactBits !== false,
  )
}

/** For an engine that only passes requests on. */
export function verifyUnsupported(): ConfigError {
  return new ConfigError('VERIFY_UNSUPPORTED', 'this engine cannot replay an answer', {
    remedy: 'Verify on a machine that runs the model itself.',
  })
}

function nothing(): ConfigError {
  return new ConfigError('VERIFY_NOTHING', 'the answer has no token that was decoded', {
    remedy: 'Give the whole answer, with the number of tokens that were resumed from.',
  })
}

/** Replays a claimed answer on an engine of one's own. */
import { equal } from '#protocol/bytes.ts'
import { ConfigError } from '#protocol/errors.ts'
import { TOP_LOGPROBS_MAX } from '../constants.ts'
import type { Engine, EngineInfo, VerifyRequest } from '../engine.ts'
import { type Agreement, agreementOf, type ReplayedToken } from './agreement.ts'

/**
 * For engines that decode step by step themselves; Engine.verify.
 * @throws ConfigError VERIFY_NOTHING when no token is left to compare, VERIFY_CACHE_DIFFERS, and what `generate`
 *   throws
 * @throws what the signal was aborted with
 */
export async function verifyByReplay(
  engine: Pick<Engine, 'info' | 'generate'>,
  request: VerifyRequest,
): Promise<Agreement> {
  const { answer, schedule, ...asked } = request
  const { resumedTokens, digest } = schedule
  checkSameCache(engine.info, schedule)
  const ids = answer.map(({ id }) => id)
  if (ids.length <= resumedTokens) throw nothing()
  const replayed: ReplayedToken[] = []
  const events = engine.generate({
    ...asked,
    resumeTokenIds: ids.slice(0, resumedTokens),
    replayTokenIds: ids.slice(resumedTokens),
    maxTokens: ids.length - resumedTokens,
    topLogprobs: topLength(answer),
  })
  for await (const event of events) {
    if (event.kind === 'token') {
      const { logprob = Number.NaN, top = [] } = event.logprobs ?? {}
      replayed.push({ id: event.id, logprob, top })
    }
  }
  request.signal.throwIfAborted()
  return agreementOf(
    answer.slice(resumedTokens),
    replayed,
    equal(digest, engine.info.scheduleDigest) && engine.info.exactBits !== false,
  )
}

/** As many as are claimed anywhere, up to what an engine lists. */
function topLength(answer: VerifyRequest['answer']): number {
  const longest = answer.reduce((length, { top = [] }) => Math.max(length, top.length), 0)
  return Math.min(TOP_LOGPROBS_MAX, longest)
}

/**
 * An answer from a cache in bytes and one from a cache in floats differ by more than hardware does: beside the
 * wrong one an honest answer would look like a lie.
 */
function checkSameCache(
  { kvCache = 'graph', otherCacheDigest }: EngineInfo,
  schedule: VerifyRequest['schedule'],
): void {
  const isOther =
    (otherCacheDigest !== undefined && equal(schedule.digest, otherCacheDigest)) ||
    (schedule.kvCache ?? kvCache) !== kvCache
  if (!isOther) return
  const wanted = kvCache === 'int8' ? 'graph' : 'int8'
  throw new ConfigError('VERIFY_CACHE_DIFFERS', 'the answer was made with another kind of cache', {
    remedy: `Verify on an engine that was started with \`--kv-cache ${wanted}\`.`,
    data: { own: kvCache, wanted },
  })
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

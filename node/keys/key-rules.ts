/** What a key allows. Pure: the same key, request and time give the same answer. */
import { ConfigError, SettlementError, UnavailableError } from '#protocol/errors.ts'
import { type AssuranceTier, tierRank } from '#protocol/market/tier.ts'

/** Undefined: not limited. */
export interface KeyLimits {
  /** nanoTON over the whole life of the key. */
  readonly budgetNano?: bigint | undefined
  /** Requests a minute; as many may come at once. */
  readonly ratePerMinute?: number | undefined
  /** Model ids. */
  readonly models?: readonly string[] | undefined
  readonly tierMin?: AssuranceTier | undefined
  /** Unix milliseconds. */
  readonly expiresAtMs?: number | undefined
}

export interface ApiKey {
  readonly id: string
  /** `owner` may also use the local API. */
  readonly scope: 'app' | 'owner'
  readonly name: string
  readonly limits: KeyLimits
  readonly createdAtMs: number
  readonly revokedAtMs: number | undefined
}

/** @throws ConfigError KEY_REVOKED, KEY_EXPIRED */
export function checkKeyLives({ revokedAtMs, limits }: ApiKey, nowMs: number): void {
  if (revokedAtMs !== undefined) {
    throw new ConfigError('KEY_REVOKED', 'this API key was revoked', { remedy: NEW_KEY })
  }
  if (limits.expiresAtMs !== undefined && nowMs >= limits.expiresAtMs) {
    throw new ConfigError('KEY_EXPIRED', 'this API key has expired', { remedy: NEW_KEY })
  }
}

const NEW_KEY = 'Make another key with `cocoon keys create`.'

export const allowsModel = ({ limits }: ApiKey, model: string): boolean =>
  limits.models === undefined || limits.models.includes(model)

/** @throws ConfigError KEY_MODEL_REFUSED */
export function checkModel(key: ApiKey, model: string): void {
  if (allowsModel(key, model)) return
  throw new ConfigError('KEY_MODEL_REFUSED', 'this API key is not for this model', {
    remedy: `Use one of: ${key.limits.models?.join(', ')}.`,
    data: { param: 'model' },
  })
}

/** The stricter of what the key and the request want. */
export function strictestTier(
  key: AssuranceTier | undefined,
  request: AssuranceTier | undefined,
): AssuranceTier | undefined {
  if (key === undefined || request === undefined) return key ?? request
  return tierRank(key) > tierRank(request) ? key : request
}

export function budgetSpent(leftNano: bigint): SettlementError {
  return new SettlementError('KEY_BUDGET_SPENT', 'the budget of this API key does not cover it', {
    remedy: 'Ask for fewer tokens, or use a key with a larger budget.',
    data: { leftNano },
  })
}

/** A bucket of permits that fills with time (token bucket). */
export interface RateBucket {
  readonly permits: number
  readonly atMs: number
}

const MINUTE_MS = 60_000

/**
 * Takes one permit.
 * @throws UnavailableError KEY_RATE_LIMITED; `retryAfterMs` says when the next one is there
 */
export function takePermit(
  bucket: RateBucket | undefined,
  ratePerMinute: number,
  nowMs: number,
): RateBucket {
  const elapsedMs = Math.max(0, nowMs - (bucket?.atMs ?? nowMs))
  const filled = (bucket?.permits ?? ratePerMinute) + (elapsedMs * ratePerMinute) / MINUTE_MS
  const permits = Math.min(ratePerMinute, filled)
  if (permits >= 1) return { permits: permits - 1, atMs: nowMs }
  const retryAfterMs = Math.ceil(((1 - permits) * MINUTE_MS) / ratePerMinute)
  throw new UnavailableError('KEY_RATE_LIMITED', `this API key allows ${ratePerMinute} a minute`, {
    remedy: 'Wait as long as retry-after says.',
    data: { retryAfterMs },
  })
}

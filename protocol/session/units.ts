/**
 * Units of metering: a request is its prompt tokens and then its completion tokens, in that order.
 * Cost is always the price of all units so far, rounded up once, so that it does not depend on how
 * the units were cut into chunks.
 */
import {
  CHUNK_UNITS_MAX,
  CHUNK_UNITS_MIN,
  REQUEST_UNITS_MAX,
  SESSION_REQUESTS_MAX,
} from '../constants.ts'
import { priceNano, type TokenCounts, type UnitPrices } from '../money.ts'

/** What a request may cost at most is decided by these. */
export interface MeterTerms {
  readonly prices: UnitPrices
  readonly promptTokens: number
  readonly completionTokensMax: number
}

/** Counts after the first `units` units; cached tokens are the beginning of the prompt. */
function countsAfter(promptTokens: number, cachedTokens: number, units: number): TokenCounts {
  const promptDone = Math.min(promptTokens, units)
  return {
    promptTokens: promptDone,
    cachedTokens: Math.min(cachedTokens, promptDone),
    completionTokens: units - promptDone,
  }
}

/** nanoTON owed after the first `units` units. */
export function unitsCostNano(
  prices: UnitPrices,
  promptTokens: number,
  cachedTokens: number,
  units: number,
): bigint {
  return priceNano(prices, countsAfter(promptTokens, cachedTokens, units))
}

/** All units of a request. */
export function unitsTotal(terms: MeterTerms): number {
  return terms.promptTokens + terms.completionTokensMax
}

/** The most units that an allocation pays for when nothing is cached, at most the whole request. */
export function unitsAffordable(terms: MeterTerms, allocatedNano: bigint): number {
  let paid = 0
  let unpaid = unitsTotal(terms) + 1
  while (unpaid - paid > 1) {
    const middle = Math.floor((paid + unpaid) / 2)
    const costNano = unitsCostNano(terms.prices, terms.promptTokens, 0, middle)
    if (costNano <= allocatedNano) paid = middle
    else unpaid = middle
  }
  return paid
}

/**
 * Size of the next chunk, in units, after `keptUnits` units were delivered and paid as promised: 16
 * for strangers, then the power of two that is at most a quarter of what was kept, never over 256.
 */
export function chunkUnits(keptUnits: number): number {
  let units = CHUNK_UNITS_MIN
  while (units < CHUNK_UNITS_MAX && keptUnits >= 8 * units) units *= 2
  return units
}

/**
 * Requests that may run at once on one channel, after `keptUnits` units were kept: one for a stranger,
 * then as many chunks of CHUNK_UNITS_MIN as the present chunk holds, so that all streams together expose
 * no more than one of them alone would.
 */
export function streamsAtOnce(keptUnits: number): number {
  return Math.min(SESSION_REQUESTS_MAX, chunkUnits(keptUnits) / CHUNK_UNITS_MIN)
}

/**
 * The most that a client may have paid on one channel and not have delivered, over all its streams: one
 * and a half chunks at the dearer price, and a nanoTON of rounding for each stream.
 */
export function exposureMaxNano(prices: UnitPrices, keptUnits: number): bigint {
  const { promptNanoPerMtok: prompt, completionNanoPerMtok: completion } = prices
  const dearer = prompt > completion ? prompt : completion
  const units = Math.ceil((chunkUnits(keptUnits) * 3) / 2)
  const cost = unitsCostNano({ ...prices, completionNanoPerMtok: dearer }, 0, 0, units)
  return cost + BigInt(2 * streamsAtOnce(keptUnits))
}

/** @throws RangeError when a count is no count or beyond REQUEST_UNITS_MAX, or a price is negative. */
export function checkTerms(terms: MeterTerms): void {
  const { prices, promptTokens, completionTokensMax } = terms
  const counts = [promptTokens, completionTokensMax]
  if (!counts.every((count) => isCount(count) && count <= REQUEST_UNITS_MAX)) {
    throw new RangeError('a request has 0 to REQUEST_UNITS_MAX tokens of each kind')
  }
  const { promptNanoPerMtok, cachedNanoPerMtok, completionNanoPerMtok } = prices
  if ([promptNanoPerMtok, cachedNanoPerMtok, completionNanoPerMtok].some((price) => price < 0n)) {
    throw new RangeError('a price is not negative')
  }
}

export function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

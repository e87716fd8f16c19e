/** Choice: ranks offers for one request. A pure function; the same book gives the same ranking. */
import { toHex } from '../bytes.ts'
import { priceNano } from '../money.ts'
import {
  COOL_DOWN_FIRST_MS,
  COOL_DOWN_MAX_MS,
  COOL_DOWN_SCORE,
  LATENCY_UNKNOWN_MS,
  LATENCY_WEIGHT_MS,
} from './constants.ts'
import type { Offer } from './offer.ts'
import { type AssuranceTier, tierRank } from './tier.ts'

/** What this client itself measured; nobody else's word enters. */
export interface ProviderMeasurement {
  /** Smoothed round trip, or undefined: not measured. */
  readonly latencyMs: number | undefined
  /** Failures in a row; a success sets it to 0. */
  readonly failures: number
  /** Unix milliseconds of the last failure; 0: none. */
  readonly lastFailureMs: number
}

export interface ChoiceRequest {
  readonly modelRoot: Uint8Array
  readonly promptTokens: number
  readonly completionTokensMax: number
  /** Most this request may cost at its stated maxima; undefined: no cap. */
  readonly priceCapNano?: bigint
  readonly tierMin: AssuranceTier
  /** By provider (hexadecimal identity key). */
  readonly measurements: ReadonlyMap<string, ProviderMeasurement>
  readonly nowMs: number
}

export interface Ranked {
  readonly offer: Offer
  readonly accepted: boolean
  /** Lower is better; Infinity when refused. 1 is the cheapest, idle, with no latency. */
  readonly score: number
  /** Readable, one thought each; a refusal begins with "refused:". */
  readonly reasons: readonly string[]
  /** Price of the request at its stated maxima. */
  readonly estimatedPriceNano: bigint
}

/**
 * Accepted offers first, best first, then the refused ones with why. Score = price relative to the
 * cheapest acceptable + own latency / LATENCY_WEIGHT_MS + load + failures in a row, and
 * COOL_DOWN_SCORE while it rests after a failure. Ties go to the
 * higher tier, then to the lower provider key.
 */
export function rankOffers(offers: readonly Offer[], request: ChoiceRequest): readonly Ranked[] {
  const priced = offers.map((offer) => ({
    offer,
    estimatedPriceNano: priceNano(offer.prices, {
      promptTokens: request.promptTokens,
      cachedTokens: 0,
      completionTokens: request.completionTokensMax,
    }),
  }))
  const judged = priced.map((one) => ({ ...one, refusal: refusalOf(one, request) }))
  const good = judged.filter(({ refusal }) => refusal === undefined)
  const cheapestNano = good.reduce(
    (min, one) => (one.estimatedPriceNano < min ? one.estimatedPriceNano : min),
    good[0]?.estimatedPriceNano ?? 0n,
  )
  const ranked = judged.map(({ offer, estimatedPriceNano, refusal }): Ranked => {
    if (refusal !== undefined) {
      const reasons = [`refused: ${refusal}`]
      return { offer, accepted: false, score: Infinity, reasons, estimatedPriceNano }
    }
    const score = scoreOf(offer, estimatedPriceNano, cheapestNano, request)
    const price = priceReason(estimatedPriceNano, cheapestNano, good.length)
    const reasons = [price, ...stateReasons(offer, request)]
    return { offer, accepted: true, score, reasons, estimatedPriceNano }
  })
  return ranked.sort(compareRanked)
}

/** Pause after `failures` failures in a row: 2 s doubling to 5 min. */
export function coolDownMs(failures: number): number {
  if (failures <= 0) return 0
  return Math.min(COOL_DOWN_MAX_MS, COOL_DOWN_FIRST_MS * 2 ** Math.min(failures - 1, 16))
}

/** Decimal TON without trailing zeros, for people; programs get nanoTON. */
export function formatTon(nano: bigint): string {
  const whole = nano / 1_000_000_000n
  const fraction = (nano % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '')
  return fraction === '' ? `${whole} TON` : `${whole}.${fraction} TON`
}

function refusalOf(
  priced: { readonly offer: Offer; readonly estimatedPriceNano: bigint },
  request: ChoiceRequest,
): string | undefined {
  const { offer, estimatedPriceNano } = priced
  const cap = request.priceCapNano
  if (toHex(offer.modelRoot) !== toHex(request.modelRoot)) return 'another model'
  if (offer.expiresAtMs <= request.nowMs) return 'offer expired'
  if (tierRank(offer.tier) < tierRank(request.tierMin)) {
    return `tier ${offer.tier}, required ${request.tierMin}`
  }
  if (cap !== undefined && estimatedPriceNano > cap) {
    return `price cap, ${formatTon(estimatedPriceNano)} over ${formatTon(cap)}`
  }
  const tokens = request.promptTokens + request.completionTokensMax
  if (tokens > offer.contextTokens)
    return `context of ${offer.contextTokens} tokens, needs ${tokens}`
  return offer.slotsTotal === 0 ? 'no slots' : undefined
}

/** A resting provider stands behind all others, yet is better than no answer at all. */
function coolingDown(offer: Offer, request: ChoiceRequest): string | undefined {
  const own = request.measurements.get(offer.provider)
  if (own === undefined || own.failures === 0) return undefined
  const leftMs = own.lastFailureMs + coolDownMs(own.failures) - request.nowMs
  if (leftMs <= 0) return undefined
  return `failed ${times(own.failures)}, cooling down for ${Math.ceil(leftMs / 1000)} s`
}

function scoreOf(
  offer: Offer,
  estimatedPriceNano: bigint,
  cheapestNano: bigint,
  request: ChoiceRequest,
): number {
  const own = request.measurements.get(offer.provider)
  const latencyMs = own?.latencyMs ?? LATENCY_UNKNOWN_MS
  return (
    priceRatio(estimatedPriceNano, cheapestNano) +
    latencyMs / LATENCY_WEIGHT_MS +
    loadOf(offer) +
    (own?.failures ?? 0) +
    (coolingDown(offer, request) === undefined ? 0 : COOL_DOWN_SCORE)
  )
}

/** Busy share of the slots squared, so that only a nearly full provider is avoided, plus its queue. */
function loadOf(offer: Offer): number {
  const busy = (offer.slotsTotal - offer.slotsFree) / offer.slotsTotal
  return busy * busy + offer.queued / offer.slotsTotal
}

/** In thousandths, from integers, so that it is the same on every machine. */
function priceRatio(estimatedNano: bigint, cheapestNano: bigint): number {
  if (estimatedNano === cheapestNano) return 1
  const base = cheapestNano === 0n ? 1n : cheapestNano
  return Number((estimatedNano * 1000n) / base) / 1000
}

function priceReason(estimatedNano: bigint, cheapestNano: bigint, count: number): string {
  const price = formatTon(estimatedNano)
  if (estimatedNano === cheapestNano) {
    return count === 1 ? `only offer, ${price}` : `cheapest of ${count} at ${price}`
  }
  return `${priceRatio(estimatedNano, cheapestNano).toFixed(2)} times the cheapest, ${price}`
}

function stateReasons(offer: Offer, request: ChoiceRequest): readonly string[] {
  const own = request.measurements.get(offer.provider)
  const latency =
    own?.latencyMs === undefined
      ? 'latency not measured'
      : `latency ${Math.round(own.latencyMs)} ms`
  const queue = offer.queued > 0 ? `, ${offer.queued} queued` : ''
  const load = `${offer.slotsFree} of ${offer.slotsTotal} slots free${queue}`
  const failures = failureReasons(offer, request)
  return [latency, load, `tier ${offer.tier}`, ...failures]
}

function failureReasons(offer: Offer, request: ChoiceRequest): readonly string[] {
  const resting = coolingDown(offer, request)
  if (resting !== undefined) return [resting]
  const failures = request.measurements.get(offer.provider)?.failures ?? 0
  return failures > 0 ? [`failed ${times(failures)} before`] : []
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`
}

function compareRanked(a: Ranked, b: Ranked): number {
  if (a.accepted !== b.accepted) return a.accepted ? -1 : 1
  if (a.score !== b.score) return a.score < b.score ? -1 : 1
  const tier = tierRank(b.offer.tier) - tierRank(a.offer.tier)
  if (tier !== 0) return tier
  return a.offer.provider < b.offer.provider ? -1 : a.offer.provider > b.offer.provider ? 1 : 0
}

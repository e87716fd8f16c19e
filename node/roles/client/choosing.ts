/** The next provider to ask: the book is the standing auction, the DHT fills it when it is not enough. */
import type { OfferDiscovery } from '#node/market/offer-discovery.ts'
import { LEDGER_NANO_MAX } from '#node/spending/constants.ts'
import { type Spending, type SpendLimit, spendRefusal } from '#node/spending/spending.ts'
import type { Clock } from '#protocol/clock.ts'
import type { SettlementError } from '#protocol/errors.ts'
import { type Ranked, rankOffers } from '#protocol/market/choice.ts'
import type { Offer } from '#protocol/market/offer.ts'
import type { AssuranceTier } from '#protocol/market/tier.ts'
import { priceNano, type UnitPrices } from '#protocol/money.ts'
import type { ChatRequest } from '../client-service.ts'
import { DISCOVERY_TIMEOUT_MS } from '../constants.ts'

export interface ChoosingComponents {
  readonly clock: Clock
  readonly discovery: OfferDiscovery
  readonly priceCapNano: bigint | undefined
  readonly spending: Spending
}

/** The winner of an auction, and the prices that its bid bound it to. */
export interface AwardedProvider {
  /** Hexadecimal identity key. */
  readonly provider: string
  readonly pricesMax: UnitPrices
}

/** What the attempts before this one left to do. */
export interface Remaining {
  /** Token ids already held are read as prompt by the next provider. */
  readonly heldTokens: number
  readonly usedNano: bigint
  /** Some of the answer is with the caller already: whoever comes next must go on from exact ids. */
  readonly isBegun?: boolean
}

export interface Choosing {
  readonly request: Pick<ChatRequest, 'maxTokens' | 'maxPriceNano' | 'tierMin'>
  readonly modelRoot: Uint8Array
  readonly promptTokens: number
  /** Undefined: a chat. Its dimensions are those of the model's files, if they say. */
  readonly embedding?: { readonly dimensions: number | undefined } | undefined
  /** One provider alone, at its bid: a line of an awarded job. */
  readonly only: AwardedProvider | undefined
}

export class Chooser {
  readonly #parts: ChoosingComponents
  readonly #choosing: Choosing
  readonly #tried = new Set<string>()
  readonly #busy = new Set<string>()
  #refreshed = false
  /** The latest ranking, refused offers included. */
  ranked: readonly Ranked[] = []

  constructor(parts: ChoosingComponents, choosing: Choosing) {
    this.#parts = parts
    this.#choosing = choosing
  }

  get busyProviders(): readonly string[] {
    return [...this.#busy]
  }

  get hasBusy(): boolean {
    return this.#busy.size > 0
  }

  /** This provider has no room now: nothing was asked of it, and it may be tried again. */
  busy(provider: string): void {
    this.#busy.add(provider)
  }

  /** Tries those again that had no room. */
  retryBusy(): void {
    for (const provider of this.#busy) this.#tried.delete(provider)
    this.#busy.clear()
  }

  /** The best provider not tried yet; asks the DHT once before it says that there is none. */
  async next(remaining: Remaining): Promise<Ranked | undefined> {
    const best = this.#best(remaining)
    if (best !== undefined || this.#refreshed || this.hasBusy) return best
    this.#refreshed = true
    const timeout = AbortSignal.timeout(DISCOVERY_TIMEOUT_MS)
    // What was found in time is in the book, whether or not the query came to its end.
    await this.#parts.discovery.refresh(this.#choosing.modelRoot, timeout).catch(() => undefined)
    return this.#best(remaining)
  }

  /**
   * Why money alone keeps every provider away; undefined when something else does.
   * Nothing was asked, so nothing was signed.
   */
  spendRefusal(remaining: Remaining): SettlementError | undefined {
    const { heldTokens, usedNano } = remaining
    const costs = this.#offers(heldTokens, undefined)
      .filter((one) => one.accepted)
      .map((one) => this.#worstNano(one.offer, heldTokens))
    if (costs.length === 0) return undefined
    const cheapest = costs.reduce((least, cost) => (cost < least ? cost : least))
    const limit = this.#limit()
    if (limit !== undefined && cheapest > limit.nano - usedNano) {
      return spendRefusal(limit.code, cheapest, limit.nano - usedNano)
    }
    return spendRefusal('SPEND_CAP_PROVIDER', cheapest, 0n)
  }

  /** The most that one attempt with this offer can cost. */
  #worstNano(offer: Offer, heldTokens: number): bigint {
    const { request, promptTokens } = this.#choosing
    return worstPriceNano(offer.prices, {
      promptTokens: promptTokens + heldTokens,
      completionTokens: request.maxTokens - heldTokens,
    })
  }

  #best(remaining: Remaining): Ranked | undefined {
    this.ranked = this.#rank(remaining)
    const best = this.ranked.find((one) => one.accepted && !this.#tried.has(one.offer.provider))
    if (best !== undefined) this.#tried.add(best.offer.provider)
    return best
  }

  #rank({ heldTokens, usedNano, isBegun = false }: Remaining): readonly Ranked[] {
    const limit = this.#limit()
    const leftNano = limit === undefined ? undefined : limit.nano - usedNano
    const judged = this.#offers(heldTokens, leftNano).map((one) => {
      const refusal = one.accepted
        ? (resumeRefusal(one.offer, isBegun) ?? this.#moneyRefusal(one.offer, heldTokens, leftNano))
        : undefined
      return refusal === undefined ? one : refusedFor(one, refusal)
    })
    return [...judged.filter((one) => one.accepted), ...judged.filter((one) => !one.accepted)]
  }

  #moneyRefusal(offer: Offer, heldTokens: number, leftNano?: bigint): string | undefined {
    const worst = this.#worstNano(offer, heldTokens)
    if (worst > LEDGER_NANO_MAX) return 'a price beyond all coins'
    // An offer may bill cached tokens higher than fresh ones, which the ranking does not look at.
    if (leftNano !== undefined && worst > leftNano) return 'price cap, with all tokens cached'
    const providerLeft = this.#parts.spending.providerLeftNano(offer.provider)
    if (providerLeft === undefined || worst <= providerLeft) return undefined
    return "spend cap of this provider's day"
  }

  #limit(): SpendLimit | undefined {
    const { priceCapNano, spending } = this.#parts
    return spending.limit(this.#choosing.request.maxPriceNano ?? priceCapNano)
  }

  #offers(heldTokens: number, leftNano: bigint | undefined): readonly Ranked[] {
    const { clock, discovery } = this.#parts
    const { request, modelRoot, promptTokens, only } = this.#choosing
    const offers: readonly Offer[] = discovery
      .offers(modelRoot)
      .filter((offer) => only === undefined || offer.provider === only.provider)
    const ranked = rankOffers(offers, {
      modelRoot,
      promptTokens: promptTokens + heldTokens,
      completionTokensMax: request.maxTokens - heldTokens,
      tierMin: tierMinOf(request),
      measurements: discovery.measurements.all,
      nowMs: clock.nowMs(),
      ...(leftNano === undefined ? {} : { priceCapNano: leftNano }),
    })
    return ranked.map((one) => {
      const refusal = one.accepted ? kindRefusal(one.offer, this.#choosing.embedding) : undefined
      return refusal === undefined ? one : refusedFor(one, refusal)
    })
  }
}

/** Tier open is never a default: whoever asks permits it by name. */
export function tierMinOf({ tierMin = 'simulated' }: Pick<ChatRequest, 'tierMin'>): AssuranceTier {
  return tierMin
}

function refusedFor(one: Ranked, refusal: string): Ranked {
  return { ...one, accepted: false, score: Infinity, reasons: [`refused: ${refusal}`] }
}

/** What it says about its model is held against the model's own files. */
function kindRefusal(
  { embeddingDimensions }: Offer,
  embedding: Choosing['embedding'],
): string | undefined {
  if (embedding === undefined) return embeddingDimensions > 0 ? 'answers no chat' : undefined
  if (embeddingDimensions === 0) return 'embeds no text'
  const { dimensions = embeddingDimensions } = embedding
  return dimensions === embeddingDimensions ? undefined : 'vectors of another length'
}

function resumeRefusal({ textOnly }: Offer, isBegun: boolean): string | undefined {
  return textOnly && isBegun ? 'gives no token ids to go on from' : undefined
}

/** Whichever way the provider counts cached tokens. */
export function worstPriceNano(
  prices: UnitPrices,
  counts: { readonly promptTokens: number; readonly completionTokens: number },
): bigint {
  const { promptNanoPerMtok, cachedNanoPerMtok } = prices
  const dearer = cachedNanoPerMtok > promptNanoPerMtok ? cachedNanoPerMtok : promptNanoPerMtok
  return priceNano({ ...prices, promptNanoPerMtok: dearer }, { ...counts, cachedTokens: 0 })
}

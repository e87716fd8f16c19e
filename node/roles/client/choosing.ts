/** The next provider to ask: the book is the standing auction, the DHT fills it when it is not enough. */
import type { OfferDiscovery } from '#node/market/offer-discovery.ts'
import type { Clock } from '#protocol/clock.ts'
import { type Ranked, rankOffers } from '#protocol/market/choice.ts'
import type { Offer } from '#protocol/market/offer.ts'
import type { UnitPrices } from '#protocol/money.ts'
import type { ChatRequest } from '../client-service.ts'
import { DISCOVERY_TIMEOUT_MS } from '../constants.ts'

export interface ChoosingComponents {
  readonly clock: Clock
  readonly discovery: OfferDiscovery
  readonly priceCapNano: bigint | undefined
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
}

export interface Choosing {
  readonly request: ChatRequest
  readonly modelRoot: Uint8Array
  readonly promptTokens: number
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

  #best(remaining: Remaining): Ranked | undefined {
    this.ranked = this.#rank(remaining)
    const best = this.ranked.find((one) => one.accepted && !this.#tried.has(one.offer.provider))
    if (best !== undefined) this.#tried.add(best.offer.provider)
    return best
  }

  #rank({ heldTokens, usedNano }: Remaining): readonly Ranked[] {
    const { clock, discovery, priceCapNano } = this.#parts
    const { request, modelRoot, promptTokens, only } = this.#choosing
    const cap = request.maxPriceNano ?? priceCapNano
    const offers: readonly Offer[] = discovery
      .offers(modelRoot)
      .filter((offer) => only === undefined || offer.provider === only.provider)
    return rankOffers(offers, {
      modelRoot,
      promptTokens: promptTokens + heldTokens,
      completionTokensMax: request.maxTokens - heldTokens,
      tierMin: request.tierMin ?? 'simulated',
      measurements: discovery.measurements.all,
      nowMs: clock.nowMs(),
      ...(cap === undefined ? {} : { priceCapNano: cap - usedNano }),
    })
  }
}

/** Money is integer nanoTON in a bigint, everywhere. */

/** nanoTON per million tokens. */
export interface UnitPrices {
  readonly promptNanoPerMtok: bigint
  readonly cachedNanoPerMtok: bigint
  readonly completionNanoPerMtok: bigint
}

export interface TokenCounts {
  readonly promptTokens: number
  readonly cachedTokens: number
  readonly completionTokens: number
}

const MTOK = 1_000_000n

/**
 * Price of a request in nanoTON, rounded up once over the sum, so that it never depends on how the
 * tokens were cut into chunks. Cached tokens are part of promptTokens and billed at their own price.
 */
export function priceNano(prices: UnitPrices, counts: TokenCounts): bigint {
  const fresh = BigInt(counts.promptTokens - counts.cachedTokens)
  const sum =
    fresh * prices.promptNanoPerMtok +
    BigInt(counts.cachedTokens) * prices.cachedNanoPerMtok +
    BigInt(counts.completionTokens) * prices.completionNanoPerMtok
  return (sum + MTOK - 1n) / MTOK
}

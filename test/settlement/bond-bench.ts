/** One bond on a bare sandbox, and proofs of over-billing, sound and forged. */
import { Address } from '@ton/core'
import { priceNano, type TokenCounts } from '#protocol/money.ts'
import {
  type BondTerms,
  bondAddress,
  type OverBillingProof,
  readBond,
} from '#settlement/bond/bond.ts'
import { billCell, delegateCell, priceQuoteCell } from '#settlement/cells/bill.ts'
import { signCell } from '#settlement/cells/signed.ts'
import type { PriceTable } from '#settlement/devchain/prices.ts'
import type { Bill, PriceQuote } from '#settlement/types.ts'
import { clientKey, crypto, NOW_S, providerKey } from './channel-fixture.ts'
import { SandboxBench } from './sandbox-bench.ts'

const DAY_S = 86_400
const responseKey = clientKey
export const CHANNEL = new Address(0, Buffer.alloc(32, 7))

export const QUOTE: PriceQuote = {
  globalId: -3,
  modelRoot: new Uint8Array(32).fill(3),
  prices: {
    promptNanoPerMtok: 40_000_000n,
    cachedNanoPerMtok: 4_000_000n,
    completionNanoPerMtok: 160_000_000n,
  },
  validUntil: NOW_S + 3_600,
}
export const COUNTS: TokenCounts = { promptTokens: 120, cachedTokens: 20, completionTokens: 300 }
export const FAIR = priceNano(QUOTE.prices, COUNTS)

interface Changes {
  readonly quote?: Partial<PriceQuote>
  readonly bill?: Partial<Bill>
  readonly delegateGlobalId?: number
  readonly quoteKey?: typeof providerKey
  readonly delegateKey?: typeof providerKey
  readonly billKey?: typeof providerKey
}

export function overBilling(usedNano: bigint, changes: Changes = {}): OverBillingProof {
  const quote = priceQuoteCell({ ...QUOTE, ...changes.quote })
  const bill = billCell({
    channel: CHANNEL,
    leafIndex: 4,
    quoteHash: new Uint8Array(quote.hash()),
    counts: COUNTS,
    usedNano,
    usedTotalNano: usedNano,
    ...changes.bill,
  })
  const delegate = delegateCell({
    globalId: changes.delegateGlobalId ?? -3,
    responseKey: responseKey.publicKey,
    notAfter: NOW_S + 3_600,
  })
  return {
    quote: signCell(crypto, changes.quoteKey ?? providerKey, quote),
    delegate: signCell(crypto, changes.delegateKey ?? providerKey, delegate),
    bill: signCell(crypto, changes.billKey ?? responseKey, bill),
  }
}

export async function openBond(prices: PriceTable, changes: Partial<BondTerms> = {}) {
  const bench = await SandboxBench.create(prices)
  bench.chain.now = NOW_S
  const terms: BondTerms = {
    globalId: -3,
    provider: bench.provider.address,
    settlementKey: providerKey.publicKey,
    unbondDelay: 14 * DAY_S,
    salt: 1n,
    ...changes,
  }
  const address = bondAddress(terms)
  const state = async () => readBond(address, await bench.state(address))
  return { bench, terms, address, state }
}

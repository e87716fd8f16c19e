/** What a provider does with its bond, and anybody with a receipt that proves over-billing. */
import { Address } from '@ton/core'
import { equal } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { ConfigError } from '#protocol/errors.ts'
import { decodeReceiptBody, decodeReceiptFile, type ReceiptFile } from '#protocol/receipt.ts'
import {
  type BondOnChain,
  type BondTerms,
  bondAddress,
  bondDepositMessage,
  bondWithdrawMessage,
  isOverBilled,
  type OverBillingProof,
  readBond,
  slashMessage,
  startUnbondingMessage,
} from '#settlement/bond/bond.ts'
import { openBill, openDelegate, openPriceQuote, priceQuoteCell } from '#settlement/cells.ts'
import type { ChainReader, SignedBytes } from '#settlement/types.ts'
import { readBounded } from './bounded-file.ts'
import { RECEIPT_FILE_BYTES_MAX } from './constants.ts'
import type { CliContext } from './context.ts'
import type { PeerCommandOptions } from './options.ts'
import { type Owner, withOwner } from './owner.ts'
import { type Spending, type SpendOptions, spend } from './spend.ts'

/** The only bond of a provider that this program makes: 30 days to unbond. */
const SALT = 0n
const UNBOND_DELAY_S = 30 * 86_400

export interface OwnBond {
  readonly address: string
  readonly bond: BondOnChain | undefined
}

type Command = PeerCommandOptions & SpendOptions

/** @throws UnavailableError STORE_LOCKED while the provider runs, CHAIN_UNREACHABLE */
export function ownBond(options: PeerCommandOptions, context: CliContext): Promise<OwnBond> {
  return withOwner('provider', options, context, async ({ chain, ...owner }) => {
    const address = bondAddress(termsOf(chain.globalId, owner))
    return { address: address.toRawString(), bond: await bondAt(chain, address) }
  })
}

export type BondMove =
  | { readonly kind: 'deposit'; readonly amountNano: bigint }
  | { readonly kind: 'unbond' | 'withdraw' }

/** @throws ConfigError BOND_MISSING, USAGE; whatever the wallet throws */
export async function moveBond(
  move: BondMove,
  options: Command,
  context: CliContext,
): Promise<void> {
  await withOwner('provider', options, context, async (owner) => {
    const { chain } = owner
    const terms = termsOf(chain.globalId, owner)
    const bond = await bondAt(chain, bondAddress(terms))
    if (bond === undefined && move.kind !== 'deposit') throw missing(bondAddress(terms))
    await spend(spendingOf(move, terms), options, owner.openWallet, context)
  })
}

function spendingOf(move: BondMove, terms: BondTerms): Spending {
  switch (move.kind) {
    case 'deposit': {
      const message = bondDepositMessage(terms, move.amountNano)
      return { what: 'bonds', message, movesNano: move.amountNano }
    }
    case 'unbond':
      return { what: 'starts unbonding', message: startUnbondingMessage(terms), movesNano: 0n }
    case 'withdraw':
      return { what: 'ends the bond', message: bondWithdrawMessage(terms), movesNano: 0n }
  }
}

export interface OverBillingFound {
  readonly isOverBilled: boolean
  readonly usedNano: bigint
  /** Whose bond it would be: Ed25519, 32 bytes. */
  readonly settlementKey: Uint8Array
  readonly proof: OverBillingProof
}

/**
 * Whether a receipt proves that its provider billed more than its own quote allows: every signature that the
 * contract will check is checked here.
 * @throws SettlementError SIGNATURE_INVALID, CELL_MALFORMED, CHANNEL_MISMATCH
 * @throws ConfigError PROOF_INVALID, FILE_UNREADABLE; ProtocolError of the receipt file
 */
export function overBillingIn(file: string): OverBillingFound {
  const receipt = decodeReceiptFile(readBounded(file, RECEIPT_FILE_BYTES_MAX))
  const body = decodeReceiptBody(receipt.receipt.body)
  const { priceQuote, delegate } = receipt
  const proof = { quote: priceQuote, delegate, bill: signedBill(receipt) }
  const quote = openPriceQuote(crypto, priceQuote, body.settlementKey)
  const delegation = openDelegate(crypto, delegate, body.settlementKey)
  const channel = Address.parseRaw(body.channel)
  const bill = openBill(crypto, proof.bill, delegation.responseKey, channel)
  const quoteHash = new Uint8Array(priceQuoteCell(quote).hash())
  if (!equal(bill.quoteHash, quoteHash)) throw unproven('the bill names another quote')
  if (delegation.globalId !== quote.globalId) throw unproven('quote and delegation differ')
  const { settlementKey } = body
  return { isOverBilled: isOverBilled(quote, bill), usedNano: bill.usedNano, settlementKey, proof }
}

/** By anyone. @throws ConfigError NOT_OVER_BILLED, BOND_MISSING */
export async function slash(
  file: string,
  bondAddressText: string,
  options: Command,
  context: CliContext,
): Promise<void> {
  const { isOverBilled: isProven, proof, settlementKey } = overBillingIn(file)
  if (!isProven) throw notOverBilled()
  await withOwner('client', options, context, async ({ chain, openWallet }) => {
    const address = parseAddress(bondAddressText)
    const bond = await bondAt(chain, address)
    if (bond === undefined) throw missing(address)
    if (!equal(bond.terms.settlementKey, settlementKey)) {
      throw unproven("the bond is another provider's")
    }
    const message = slashMessage(bond.terms, proof)
    const what = `slashes ${context.coins(bond.bondedNano)}, a tenth of it to this wallet`
    await spend({ what, message, movesNano: 0n }, options, openWallet, context)
  })
}

function termsOf(globalId: number, { address, home }: Pick<Owner, 'address' | 'home'>): BondTerms {
  const { publicKey } = crypto.ed25519FromSeed(home.keys.settlementSeed)
  return {
    globalId,
    provider: address,
    settlementKey: publicKey,
    unbondDelay: UNBOND_DELAY_S,
    salt: SALT,
  }
}

async function bondAt(chain: ChainReader, address: Address): Promise<BondOnChain | undefined> {
  const account = await chain.account(address)
  return account && readBond(address, account)
}

const signedBill = ({ receipt }: ReceiptFile): SignedBytes => ({
  boc: receipt.billBoc,
  signature: receipt.billSignature,
})

function parseAddress(text: string): Address {
  try {
    return Address.parse(text)
  } catch (cause) {
    throw new ConfigError('USAGE', `${text} is no address`, { cause })
  }
}

function missing(address: Address): ConfigError {
  return new ConfigError('BOND_MISSING', `no bond is at ${address.toRawString()}`, {
    remedy: 'See `cocoon bond show`; a bond begins with `cocoon bond deposit`.',
  })
}

function unproven(why: string): ConfigError {
  return new ConfigError('PROOF_INVALID', `this receipt cannot be a proof: ${why}`, {
    remedy:
      'A proof is a receipt with its own quote, delegation and bill, for the bond of its signer.',
  })
}

function notOverBilled(): ConfigError {
  return new ConfigError('NOT_OVER_BILLED', 'the bill is what the quote allows: nothing to slash', {
    remedy: 'Only a bill above its own signed quote can be slashed.',
  })
}

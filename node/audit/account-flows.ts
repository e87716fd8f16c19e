/**
 * Every coin that went through a channel's account, from its transactions alone. What a message is for is
 * read from the operation that caused it and from the receipt that the contract sends with it
 * (docs/spec/settlement.md).
 */
import type { Address } from '@ton/core'
import { TRANSACTIONS_PAGE_MAX } from '#settlement/constants.ts'
import type {
  ChainMessage,
  ChainReader,
  ChainTransaction,
  ChannelTerms,
} from '#settlement/types.ts'
import { OPERATION } from '#settlement/wallet/messages.ts'
import { AUDIT_TRANSACTIONS_MAX } from './constants.ts'
import type { AccountView, Discrepancy } from './report.ts'

/** What the contract writes into the messages that it sends. */
const PAID = 0x50414944
const REFUNDED = 0x52464e44

export interface AccountFlows {
  readonly account: Omit<AccountView, 'heldNano'>
  readonly transactions: number
  readonly discrepancies: readonly Discrepancy[]
}

/**
 * All transactions, oldest first. Undefined: there are more than AUDIT_TRANSACTIONS_MAX.
 * @throws UnavailableError CHAIN_UNREACHABLE
 */
export async function allTransactions(
  chain: ChainReader,
  address: Address,
): Promise<readonly ChainTransaction[] | undefined> {
  const found: ChainTransaction[] = []
  while (found.length <= AUDIT_TRANSACTIONS_MAX) {
    const page = await chain.transactions(address, TRANSACTIONS_PAGE_MAX, found.at(-1))
    found.push(...page)
    if (page.length < TRANSACTIONS_PAGE_MAX) return found.reverse()
  }
  return undefined
}

/** @param transactions oldest first */
export function accountFlows(
  terms: ChannelTerms,
  transactions: readonly ChainTransaction[],
): AccountFlows {
  const flows = new Flows(terms)
  for (const transaction of transactions) flows.add(transaction)
  return {
    account: flows.sums,
    transactions: transactions.length,
    discrepancies: flows.discrepancies,
  }
}

class Flows {
  readonly #terms: ChannelTerms
  readonly sums = {
    ...{ broughtNano: 0n, paidNano: 0n, refundedNano: 0n, returnedNano: 0n },
    ...{ rentReturnedNano: 0n, feesNano: 0n, rentNano: 0n },
  }
  readonly discrepancies: Discrepancy[] = []

  constructor(terms: ChannelTerms) {
    this.#terms = terms
  }

  add(transaction: ChainTransaction): void {
    const { received, sent, totalFeesNano, storageFeesNano, opcode, lt } = transaction
    this.sums.broughtNano += received?.valueNano ?? 0n
    this.sums.rentNano += storageFeesNano
    this.sums.feesNano += totalFeesNano - storageFeesNano
    for (const message of sent) {
      this.sums.feesNano += message.forwardFeeNano
      if (!this.#sort(message, received, opcode)) {
        const to = message.peer.toRawString()
        const reason = `transaction ${lt} sent coins to ${to} that nothing explains`
        this.discrepancies.push({ reason, nano: message.valueNano })
      }
    }
  }

  /** False: a message that the contract has no reason to send. */
  #sort(
    { peer, valueNano, body }: ChainMessage,
    received: ChainMessage | undefined,
    opcode: number | undefined,
  ): boolean {
    const { client, provider } = this.#terms
    const slice = body.beginParse()
    const kind = slice.remainingBits >= 32 ? slice.loadUint(32) : 0
    if (kind === PAID) {
      if (!peer.equals(provider)) return false
      slice.skip(64)
      const paidNano = slice.loadCoins() - this.sums.paidNano
      this.sums.paidNano += paidNano
      // A provider that claims itself gets its payment and its excess in one message.
      this.sums.returnedNano += valueNano - paidNano
      return true
    }
    if (kind === REFUNDED) {
      if (opcode === OPERATION.destroy) this.sums.rentReturnedNano += valueNano
      else this.sums.refundedNano += valueNano
      return peer.equals(client)
    }
    this.sums.returnedNano += valueNano
    return valueNano === 0n || received?.peer.equals(peer) === true
  }
}

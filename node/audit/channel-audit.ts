/** One channel: its ledger replayed, its account replayed, and both held against each other. */
import type { PeerStore } from '#node/store/peer-store.ts'
import { equal } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { type ChannelState, observeChain } from '#settlement/channel/state.ts'
import type { ChainReader, ChannelOnChain } from '#settlement/types.ts'
import { type AccountFlows, accountFlows, allTransactions } from './account-flows.ts'
import { type LedgerFacts, ledgerFacts } from './ledger-facts.ts'
import type { AccountView, ChannelAudit, DepositView, Discrepancy } from './report.ts'

export interface AuditParts {
  readonly crypto: CryptoPort
  readonly chain: ChainReader
  readonly store: PeerStore
}

/** @throws UnavailableError CHAIN_UNREACHABLE */
export async function auditChannel(
  { crypto, chain, store }: AuditParts,
  state: ChannelState,
  counterparty: string,
): Promise<ChannelAudit> {
  const { address, terms } = state
  const ledger = ledgerFacts(crypto, store, state)
  const transactions = await allTransactions(chain, address)
  const flows = accountFlows(terms, transactions ?? [])
  const heldNano = await chain.balance(address)
  const seen = await chain.channel(address)
  const account = { ...flows.account, heldNano }
  const deposit = depositOf(account, seen, ledger.usedNano)
  const tooMany = {
    reason: 'the channel has more transactions than an audit reads',
    nano: heldNano,
  }
  return {
    channel: address.toRawString(),
    role: state.role,
    counterparty,
    status: observeChain(state, seen).status,
    voucherNano: state.best.amountNano,
    usedNano: ledger.usedNano,
    deposit,
    account,
    requests: ledger.requests,
    transactions: flows.transactions,
    discrepancies: [
      ...(transactions === undefined ? [tooMany] : []),
      ...ledger.discrepancies,
      ...flows.discrepancies,
      ...accountDifferences(account),
      ...againstChain(state, ledger, flows, seen, deposit),
    ],
  }
}

/** A destroyed contract says nothing any more: then its messages do. */
function depositOf(
  account: AccountView,
  seen: ChannelOnChain | undefined,
  usedNano: bigint,
): DepositView {
  const { paidNano, refundedNano } = account
  const depositedNano = seen?.depositedNano ?? paidNano + refundedNano
  const paidForReceiptsNano = usedNano < paidNano ? usedNano : paidNano
  return {
    depositedNano,
    paidNano,
    paidForReceiptsNano,
    paidAheadNano: paidNano - paidForReceiptsNano,
    refundedNano,
    unusedNano: depositedNano - paidNano - refundedNano,
  }
}

/** What came in is what went out, what was burnt and what is there. */
function accountDifferences(account: AccountView): Discrepancy[] {
  const { broughtNano, heldNano, feesNano, rentNano } = account
  const { paidNano, refundedNano, returnedNano, rentReturnedNano } = account
  const outNano = paidNano + refundedNano + returnedNano + rentReturnedNano
  const nano = broughtNano - outNano - feesNano - rentNano - heldNano
  return nano === 0n ? [] : [{ reason: 'the account holds more or less than its history', nano }]
}

function againstChain(
  state: ChannelState,
  ledger: LedgerFacts,
  flows: AccountFlows,
  seen: ChannelOnChain | undefined,
  deposit: DepositView,
): Discrepancy[] {
  const wrong: Discrepancy[] = []
  const { paidNano } = flows.account
  const note = (reason: string, nano: bigint): void => void wrong.push({ reason, nano })
  if (paidNano > state.best.amountNano) {
    note('more was paid than the best voucher known here', paidNano - state.best.amountNano)
  }
  if (deposit.unusedNano < 0n) note('more left the channel than was deposited', deposit.unusedNano)
  if (seen === undefined) return wrong
  if (seen.claimedNano !== paidNano) {
    note('the contract counts other payments than it sent', seen.claimedNano - paidNano)
  }
  if (seen.closed && deposit.unusedNano !== 0n) {
    note('a closed channel kept a part of the deposit', deposit.unusedNano)
  }
  const root = ledger.rootAfter(seen.leafCount)
  if (root === undefined || !equal(root, seen.receiptsRoot)) {
    note('the chain records a root that the receipts here do not give', 0n)
  }
  return wrong
}

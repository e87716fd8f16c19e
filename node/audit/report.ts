/** What an audit says. Amounts are nanoTON; each line of an equation is named, so that sums can be read. */

/** deposited = paid + refunded + held; paid = used + credit. */
export interface DepositView {
  readonly depositedNano: bigint
  /** To the provider, by its claims. */
  readonly paidNano: bigint
  /** The part of `paidNano` that receipts state as used. */
  readonly paidForReceiptsNano: bigint
  /** The part of `paidNano` that was prepaid and not used. */
  readonly paidAheadNano: bigint
  /** Back to the client when the channel closed. */
  readonly refundedNano: bigint
  /** Still in the channel. */
  readonly unusedNano: bigint
}

/** brought = deposited + rent and fees + what went back; seen from the contract's account. */
export interface AccountView {
  readonly broughtNano: bigint
  readonly paidNano: bigint
  readonly refundedNano: bigint
  /** What calls brought beyond their purpose, back with whoever brought it. */
  readonly returnedNano: bigint
  /** Rent that was set aside and came back at the end. */
  readonly rentReturnedNano: bigint
  readonly feesNano: bigint
  readonly rentNano: bigint
  /** On the account now: the rest of the deposit and rent set aside. */
  readonly heldNano: bigint
}

/** One receipt, or the newest checkpoint of a request that still runs. */
export interface RequestLine {
  readonly requestId: string
  readonly leafIndex: number
  readonly promptTokens: number
  readonly completionTokens: number
  readonly finish: string
  readonly usedNano: bigint
  /** It is in the tree; false: the request still runs. */
  readonly isFinal: boolean
}

/** What does not add up. `nano` is the difference, zero where records differ but no coin does. */
export interface Discrepancy {
  readonly reason: string
  readonly nano: bigint
}

export interface ChannelAudit {
  readonly channel: string
  readonly role: 'client' | 'provider'
  readonly counterparty: string
  readonly status: string
  readonly voucherNano: bigint
  readonly usedNano: bigint
  readonly deposit: DepositView
  readonly account: AccountView
  readonly requests: readonly RequestLine[]
  readonly transactions: number
  readonly discrepancies: readonly Discrepancy[]
}

export interface AuditReport {
  readonly channels: readonly ChannelAudit[]
  readonly deposit: DepositView
  readonly account: AccountView
  readonly usedNano: bigint
  /** Sum of what is not explained, without signs. */
  readonly unexplainedNano: bigint
  /** No difference anywhere, not even one of records. */
  readonly isExplained: boolean
}

export function reportOf(channels: readonly ChannelAudit[]): AuditReport {
  const differences = channels.flatMap((channel) => channel.discrepancies)
  return {
    channels,
    deposit: sumOf(
      channels.map(({ deposit }) => deposit),
      NO_DEPOSIT,
    ),
    account: sumOf(
      channels.map(({ account }) => account),
      NO_ACCOUNT,
    ),
    usedNano: channels.reduce((sum, { usedNano }) => sum + usedNano, 0n),
    unexplainedNano: differences.reduce((sum, { nano }) => sum + (nano < 0n ? -nano : nano), 0n),
    isExplained: differences.length === 0,
  }
}

const NO_DEPOSIT: DepositView = {
  depositedNano: 0n,
  paidNano: 0n,
  paidForReceiptsNano: 0n,
  paidAheadNano: 0n,
  refundedNano: 0n,
  unusedNano: 0n,
}

const NO_ACCOUNT: AccountView = {
  broughtNano: 0n,
  paidNano: 0n,
  refundedNano: 0n,
  returnedNano: 0n,
  rentReturnedNano: 0n,
  feesNano: 0n,
  rentNano: 0n,
  heldNano: 0n,
}

function sumOf<T extends DepositView | AccountView>(views: readonly T[], none: T): T {
  const names = Object.keys(none) as (keyof T)[]
  const sums = names.map((name) => [
    name,
    views.reduce((sum, view) => sum + (view[name] as bigint), 0n),
  ])
  return Object.fromEntries(sums) as T
}

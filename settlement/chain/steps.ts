/**
 * What the chain was made to do, step by step: a step is a message from outside (or coins from the faucet) with
 * every transaction that followed from it, and its fees are what validators kept of them. Over all transactions
 * of an embedded chain they add up to its `feesNano`.
 */
import { Address, type Message, type Transaction } from '@ton/core'
import { feesNanoOf } from '../devchain/transactions.ts'
import { OPERATION } from '../wallet/messages.ts'

/** What was asked of one contract within a step. */
export interface ChainCall {
  /** A word of `OPERATION`, `open` for the first top_up, `0x…` for other operations, `coins` for plain ones. */
  readonly operation: string
  readonly contract: Address
  /** False: the contract refused it, and the coins went back. */
  readonly success: boolean
}

export interface ChainStep {
  /** Logical time of the first transaction. */
  readonly lt: bigint
  /** The account that started it: a wallet, or the receiver of new coins. */
  readonly from: Address
  readonly isFaucet: boolean
  readonly calls: readonly ChainCall[]
  readonly transactions: number
  /** Storage, gas, actions and forwarding, of all its transactions. */
  readonly feesNano: bigint
}

interface Trace {
  readonly root: Transaction
  readonly members: Transaction[]
}

/**
 * Oldest first.
 * @param transactions all of a chain; one whose cause is missing starts a step of its own
 * @param faucet where new coins come from
 */
export function chainSteps(
  transactions: readonly Transaction[],
  faucet: Address,
): readonly ChainStep[] {
  const traceOfMessage = new Map<string, Trace>()
  const traces: Trace[] = []
  for (const transaction of transactions.toSorted((one, other) => (one.lt < other.lt ? -1 : 1))) {
    const { inMessage } = transaction
    const cause = inMessage?.info.type === 'internal' ? messageKey(inMessage.info) : undefined
    let trace = cause === undefined ? undefined : traceOfMessage.get(cause)
    if (trace === undefined) {
      trace = { root: transaction, members: [] }
      traces.push(trace)
    }
    trace.members.push(transaction)
    for (const { info } of transaction.outMessages.values()) {
      if (info.type === 'internal') traceOfMessage.set(messageKey(info), trace)
    }
  }
  return traces.map((trace) => stepOf(trace, faucet))
}

/** Sender and logical time name an internal message. */
function messageKey(info: Extract<Message['info'], { type: 'internal' }>): string {
  return `${info.src.toRawString()} ${info.createdLt}`
}

function stepOf({ root, members }: Trace, faucet: Address): ChainStep {
  const source = root.inMessage?.info
  const isFaucet = source?.type === 'internal' && source.src.equals(faucet)
  // What a wallet was told to send are the calls; what contracts answered to them are none.
  const called = members.filter((one) => (isFaucet ? one === root : isSentBy(root, one)))
  return {
    lt: root.lt,
    from: accountOf(root),
    isFaucet,
    calls: called.map(callOf),
    transactions: members.length,
    feesNano: members.reduce((sum, one) => sum + feesNanoOf(one), 0n),
  }
}

function isSentBy(root: Transaction, { inMessage }: Transaction): boolean {
  if (inMessage?.info.type !== 'internal') return false
  const key = messageKey(inMessage.info)
  return [...root.outMessages.values()].some(
    ({ info }) => info.type === 'internal' && messageKey(info) === key,
  )
}

const OPERATION_BITS = 32
const NAMES = new Map<number, string>(Object.entries(OPERATION).map(([name, code]) => [code, name]))

function callOf(transaction: Transaction): ChainCall {
  const body = transaction.inMessage?.body.beginParse()
  const code =
    body === undefined || body.remainingBits < OPERATION_BITS ? 0 : body.loadUint(OPERATION_BITS)
  const name = NAMES.get(code) ?? `0x${code.toString(16).padStart(8, '0')}`
  const isOpening = code === OPERATION.topUp && transaction.oldStatus !== 'active'
  const { description } = transaction
  return {
    operation: code === 0 ? 'coins' : isOpening ? 'open' : name,
    contract: accountOf(transaction),
    success: description.type !== 'generic' || !description.aborted || code === 0,
  }
}

function accountOf({ address }: Transaction): Address {
  return new Address(0, Buffer.from(address.toString(16).padStart(64, '0'), 'hex'))
}

/** What this project wants to know of a transaction. */
import type { Address, Message, Transaction } from '@ton/core'
import type { ChainMessage, ChainTransaction } from '../types.ts'

const OPCODE_BITS = 32

export function describeTransaction(transaction: Transaction): ChainTransaction {
  const outcome = outcomeOf(transaction)
  return {
    lt: transaction.lt,
    hash: new Uint8Array(transaction.hash()),
    time: transaction.now,
    totalFeesNano: transaction.totalFees.coins,
    storageFeesNano: storageFeesOf(transaction),
    received: messageOf(transaction.inMessage, 'src'),
    sent: [...transaction.outMessages.values()].flatMap((one) => messageOf(one, 'dest') ?? []),
    success: outcome.success,
    opcode: opcodeOf(transaction),
    exitCode: outcome.exitCode,
  }
}

function storageFeesOf({ description }: Transaction): bigint {
  return 'storagePhase' in description ? (description.storagePhase?.storageFeesCollected ?? 0n) : 0n
}

function messageOf(
  message: Message | null | undefined,
  side: 'src' | 'dest',
): ChainMessage | undefined {
  if (message?.info.type !== 'internal') return undefined
  const { info, body } = message
  const peer: Address = info[side]
  return { peer, valueNano: info.value.coins, forwardFeeNano: info.forwardFee, body }
}

export interface Outcome {
  readonly success: boolean
  /** TVM exit code of the compute phase. */
  readonly exitCode: number | undefined
  /** Result code of the action phase. */
  readonly actionCode: number | undefined
}

/** Both phases count: a message whose actions failed did nothing. */
export function outcomeOf(transaction: Transaction): Outcome {
  const { description } = transaction
  if (description.type !== 'generic') {
    return { success: false, exitCode: undefined, actionCode: undefined }
  }
  const { computePhase, actionPhase } = description
  const exitCode = computePhase.type === 'vm' ? computePhase.exitCode : undefined
  // Coins sent to an account without code skip the compute phase; that is how they should arrive.
  const computed =
    computePhase.type === 'vm' ? computePhase.success : !description.aborted || plain(transaction)
  const acted = actionPhase === undefined || actionPhase === null || actionPhase.success
  return { success: computed && acted, exitCode, actionCode: actionPhase?.resultCode }
}

function plain(transaction: Transaction): boolean {
  const message = transaction.inMessage
  return message?.info.type === 'internal' && !message.info.bounce && !message.init
}

function opcodeOf(transaction: Transaction): number | undefined {
  const body = transaction.inMessage?.body.beginParse()
  if (body === undefined || body.remainingBits < OPCODE_BITS) return undefined
  return body.loadUint(OPCODE_BITS)
}

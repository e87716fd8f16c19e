/** Finds transactions of an account again, and follows the messages of one to where they went. */
import type { Address, Transaction } from '@ton/core'
import type { TonClient } from '@ton/ton'
import { UnavailableError } from '#protocol/errors.ts'
import { reach } from '../chain/access.ts'
import { outcomeOf } from '../chain/transaction.ts'
import {
  WALLET_LOOK_BACK,
  WALLET_PAGES_MAX,
  WALLET_POLL_MS,
  WALLET_POLLS_MAX,
} from '../constants.ts'
import type { MessageOutcome, WalletMessage } from '../types.ts'

export interface ArrivalsComponents {
  readonly client: TonClient
  /** Waits; rejects when the signal aborts. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>
  /** Looks before a message counts as lost; WALLET_POLLS_MAX when left out. */
  readonly pollsMax?: number | undefined
}

/** A message of a wallet's transaction, with what its destination made of it. */
export interface Arrival {
  readonly to: Address
  readonly bodyHash: string
  readonly outcome: MessageOutcome
  readonly feesNano: bigint
}

type Matches = (transaction: Transaction) => boolean

export class Arrivals {
  readonly #parts: ArrivalsComponents

  constructor(parts: ArrivalsComponents) {
    this.#parts = parts
  }

  /**
   * One look at what is newer than `afterLt`, newest first, WALLET_PAGES_MAX pages at most: after a batch
   * hundreds of answers lie on top of the wallet's own transaction.
   */
  async look(
    account: Address,
    afterLt: bigint,
    matches: Matches,
  ): Promise<Transaction | undefined> {
    let from: { lt: string; hash: string } | undefined
    for (let page = 0; page < WALLET_PAGES_MAX; page++) {
      const place = { limit: WALLET_LOOK_BACK, to_lt: `${afterLt}`, ...from }
      const found = await reach(() => this.#parts.client.getTransactions(account, place))
      const newer = found.filter((one) => one.lt > afterLt)
      const match = newer.find(matches)
      if (match !== undefined || newer.length < WALLET_LOOK_BACK) return match
      const oldest = newer[newer.length - 1]!
      from = { lt: `${oldest.lt}`, hash: oldest.hash().toString('base64') }
    }
    return undefined
  }

  /** @throws UnavailableError TRANSACTION_UNCONFIRMED after so many looks */
  async wait(
    account: Address,
    afterLt: bigint,
    matches: Matches,
    signal?: AbortSignal,
  ): Promise<Transaction> {
    const { pollsMax = WALLET_POLLS_MAX } = this.#parts
    for (let poll = 0; poll < pollsMax; poll++) {
      const found = await this.look(account, afterLt, matches)
      if (found !== undefined) return found
      await this.#parts.sleep(WALLET_POLL_MS, signal)
    }
    throw unconfirmed()
  }

  /** Where every internal message that `own` sent has arrived, in the order of sending. */
  async follow(own: Transaction, signal?: AbortSignal): Promise<readonly Arrival[]> {
    const arrivals: Arrival[] = []
    for (const { info, body } of own.outMessages.values()) {
      if (info.type !== 'internal') continue
      const { src, dest, createdLt, forwardFee } = info
      const arrived = await this.wait(
        dest,
        createdLt,
        ({ inMessage }) =>
          inMessage?.info.type === 'internal' &&
          inMessage.info.createdLt === createdLt &&
          inMessage.info.src.equals(src),
        signal,
      )
      const { success, exitCode, actionCode } = outcomeOf(arrived)
      arrivals.push({
        to: dest,
        bodyHash: body.hash().toString('hex'),
        outcome: success
          ? { status: 'executed', exitCode: undefined }
          : { status: 'failed', exitCode: exitCode || actionCode },
        feesNano: forwardFee + arrived.totalFees.coins,
      })
    }
    return arrivals
  }
}

const NOT_SENT: MessageOutcome = { status: 'not-sent', exitCode: undefined }

/** The outcome of each message that was asked for: two of them may be the same. */
export function outcomesOf(
  messages: readonly WalletMessage[],
  arrivals: readonly Arrival[],
): readonly MessageOutcome[] {
  const left = [...arrivals]
  return messages.map((message) => {
    const bodyHash = message.body.hash().toString('hex')
    const at = left.findIndex((one) => one.bodyHash === bodyHash && one.to.equals(message.to))
    return at < 0 ? NOT_SENT : left.splice(at, 1)[0]!.outcome
  })
}

export function unconfirmed(): UnavailableError {
  return new UnavailableError('TRANSACTION_UNCONFIRMED', 'the chain did not execute a message', {
    remedy:
      'Try the same again: it is not paid twice. `cocoon wallet show` says what is in flight.',
  })
}

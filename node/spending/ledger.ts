/**
 * Accounts of nanoTON with reservations. An amount is held before it can be spent and settled after;
 * a hold that a crash left behind counts as spent in full, so that no crash can overspend a limit.
 */
import { randomUUID } from 'node:crypto'
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import { ConfigError } from '#protocol/errors.ts'
import { LEDGER_NANO_MAX } from './constants.ts'
import { inTransaction } from './database.ts'

/** An account that a hold is charged to, with the most that may be spent and held on it. */
export interface Charge {
  readonly account: string
  /** Undefined: no limit, the amount is only counted. */
  readonly capNano: bigint | undefined
}

export interface Balance {
  readonly spentNano: bigint
  /** Reserved by requests that run. */
  readonly heldNano: bigint
}

export type HoldResult =
  | { readonly held: true; readonly hold: Hold }
  /** Nothing was held: this account has only so much left. */
  | { readonly held: false; readonly account: string; readonly leftNano: bigint }

export interface Hold {
  /**
   * Replaces the reservation by what was spent, durably; a second call does nothing. When the ledger
   * is closed already, the hold stays and counts in full at the next start.
   */
  settle(spentNano: bigint): void
}

export class Ledger {
  readonly #database: DatabaseSync
  readonly #sql

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#sql = {
      spent: database.prepare('SELECT spent_nano AS nano FROM accounts WHERE account = ?'),
      held: database.prepare(
        'SELECT COALESCE(SUM(held_nano), 0) AS nano FROM holds WHERE account = ?',
      ),
      hold: database.prepare('INSERT INTO holds VALUES (?, ?, ?)'),
      holdsOf: database.prepare('SELECT account FROM holds WHERE id = ?'),
      allHolds: database.prepare('SELECT account, held_nano AS nano FROM holds'),
      drop: database.prepare('DELETE FROM holds WHERE id = ?'),
      dropAll: database.prepare('DELETE FROM holds'),
      add: database.prepare(
        `INSERT INTO accounts VALUES (:account, :nano)
         ON CONFLICT (account) DO UPDATE SET spent_nano = spent_nano + :nano`,
      ),
      below: database.prepare('SELECT account FROM accounts WHERE account > ? AND account < ?'),
      forget: database.prepare('DELETE FROM accounts WHERE account > ? AND account < ?'),
    }
  }

  balance(account: string): Balance {
    const spentNano = nanoOf(this.#sql.spent.get(account))
    const heldNano = nanoOf(this.#sql.held.get(account))
    return { spentNano, heldNano }
  }

  /** What may still be held; undefined: no limit. Never negative. */
  leftNano({ account, capNano }: Charge): bigint | undefined {
    if (capNano === undefined) return undefined
    const { spentNano, heldNano } = this.balance(account)
    const left = capNano - spentNano - heldNano
    return left > 0n ? left : 0n
  }

  /** Holds `nano` on every account or on none. Durable when it returns. */
  hold(charges: readonly Charge[], nano: bigint): HoldResult {
    bounded(nano)
    const id = randomUUID()
    return inTransaction(this.#database, () => {
      for (const charge of charges) {
        const leftNano = this.leftNano(charge)
        if (leftNano !== undefined && nano > leftNano) {
          return { held: false, account: charge.account, leftNano }
        }
      }
      for (const { account } of charges) {
        this.#sql.add.run({ account, nano: 0n })
        this.#sql.hold.run(id, account, nano)
      }
      return { held: true, hold: { settle: (spentNano) => this.#settle(id, spentNano) } }
    })
  }

  /** Adds to what was spent without a hold. */
  add(account: string, nano: bigint): void {
    this.#sql.add.run({ account, nano: bounded(nano) })
  }

  /**
   * At the start of the one client of a data folder: what a crash left held counts as spent.
   * @returns how many holds there were
   */
  recover(): number {
    return inTransaction(this.#database, () => {
      const left = this.#sql.allHolds.all()
      for (const row of left) {
        this.#sql.add.run({ account: String(row['account']), nano: nanoOf(row) })
      }
      this.#sql.dropAll.run()
      return left.length
    })
  }

  /** Names of accounts strictly between two names, in the order of text. */
  accountsBetween(after: string, before: string): readonly string[] {
    return this.#sql.below.all(after, before).map((row) => String(row['account']))
  }

  forgetBetween(after: string, before: string): void {
    this.#sql.forget.run(after, before)
  }

  #settle(id: string, spentNano: bigint): void {
    if (!this.#database.isOpen) return
    inTransaction(this.#database, () => {
      for (const row of this.#sql.holdsOf.all(id)) {
        this.#sql.add.run({ account: String(row['account']), nano: bounded(spentNano) })
      }
      this.#sql.drop.run(id)
    })
  }
}

const nanoOf = (row: Record<string, SQLOutputValue> | undefined): bigint =>
  BigInt(String(row?.['nano'] ?? 0))

/** @throws ConfigError AMOUNT_OUT_OF_RANGE */
function bounded(nano: bigint): bigint {
  if (nano >= 0n && nano <= LEDGER_NANO_MAX) return nano
  throw new ConfigError('AMOUNT_OUT_OF_RANGE', 'an amount is negative or beyond all coins', {
    remedy: 'Use an amount from 0 to 2^61 nanoTON.',
  })
}

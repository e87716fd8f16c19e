/** Reservations: exact under concurrency of two openings, durable over a crash. */
import { existsSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { LEDGER_FILE, LEDGER_NANO_MAX } from '#node/spending/constants.ts'
import { openLedgerDatabase } from '#node/spending/database.ts'
import { Ledger } from '#node/spending/ledger.ts'
import { Spending } from '#node/spending/spending.ts'
import { errorCode } from '../support/error-code.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

function open(folder = temporaryFolder()) {
  const database = openLedgerDatabase(folder)
  onTestFinished(() => {
    if (database.isOpen) database.close()
  })
  return { folder, database, ledger: new Ledger(database) }
}

const clockAt = (iso: string) => ({ nowMs: () => Date.parse(iso) })

describe('the ledger', () => {
  it('holds before, settles after, and refuses what does not fit', () => {
    const { ledger } = open()
    const charge = { account: 'a', capNano: 100n }
    const first = ledger.hold([charge], 60n)
    expect(first.held).toBe(true)
    expect(ledger.hold([charge], 41n)).toEqual({ held: false, account: 'a', leftNano: 40n })
    if (first.held) first.hold.settle(10n)
    expect(ledger.balance('a')).toEqual({ spentNano: 10n, heldNano: 0n })
    expect(ledger.hold([charge], 90n).held).toBe(true)
    expect(ledger.leftNano(charge)).toBe(0n)
  })

  it('settles once only', () => {
    const { ledger } = open()
    const result = ledger.hold([{ account: 'a', capNano: undefined }], 5n)
    if (!result.held) throw new Error('no limit, yet refused')
    result.hold.settle(3n)
    result.hold.settle(3n)
    expect(ledger.balance('a').spentNano).toBe(3n)
  })

  it('holds on every account or on none', () => {
    const { ledger } = open()
    const day = { account: 'day', capNano: 100n }
    const provider = { account: 'provider', capNano: 10n }
    expect(ledger.hold([day, provider], 11n)).toMatchObject({ held: false, account: 'provider' })
    expect(ledger.balance('day').heldNano).toBe(0n)
  })

  it('counts what a crash left held as spent in full: no crash overspends', () => {
    const { folder, ledger, database } = open()
    const charge = { account: 'key', capNano: 100n }
    ledger.hold([charge], 70n)
    // Dies between the reservation and the settlement.
    database.close()
    const again = open(folder).ledger
    expect(again.leftNano(charge)).toBe(30n)
    expect(again.recover()).toBe(1)
    expect(again.balance('key')).toEqual({ spentNano: 70n, heldNano: 0n })
    expect(again.hold([charge], 31n).held).toBe(false)
  })

  it('is one ledger for two processes', () => {
    const { folder, ledger } = open()
    const other = open(folder).ledger
    const charge = { account: 'key', capNano: 100n }
    expect(ledger.hold([charge], 60n).held).toBe(true)
    expect(other.hold([charge], 60n).held).toBe(false)
  })

  it('is readable by its owner only, and refuses a damaged file', () => {
    const { folder } = open()
    const file = path.join(folder, LEDGER_FILE)
    expect(existsSync(file)).toBe(true)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const damaged = temporaryFolder()
    writeFileSync(path.join(damaged, LEDGER_FILE), 'this is not a database, whatever its name says')
    expect(errorCode(() => openLedgerDatabase(damaged))).toBe('STORE_CORRUPT')
  })

  it.each([-1n, LEDGER_NANO_MAX + 1n])('refuses an amount of %s', (nano) => {
    const { ledger } = open()
    expect(errorCode(() => ledger.hold([{ account: 'a', capNano: undefined }], nano))).toBe(
      'AMOUNT_OUT_OF_RANGE',
    )
  })
})

describe('spend caps', () => {
  const caps = { perRequestNano: 50n, perDayNano: 100n, perProviderDayNano: 60n }

  it('bind a request by the least of its maximum, its cap and the day', () => {
    const spending = new Spending(open().ledger, clockAt('2026-11-23T10:00:00Z'), caps)
    expect(spending.limit(40n)).toEqual({ nano: 40n, code: 'PRICE_ABOVE_MAX' })
    expect(spending.limit(undefined)).toEqual({ nano: 50n, code: 'SPEND_CAP_REQUEST' })
    spending.hold('p', 55n)
    expect(spending.limit(undefined)).toEqual({ nano: 45n, code: 'SPEND_CAP_DAY' })
    expect(spending.providerLeftNano('p')).toBe(5n)
    expect(spending.providerLeftNano('q')).toBe(60n)
    expect(errorCode(() => spending.hold('p', 6n))).toBe('SPEND_CAP_PROVIDER')
    expect(errorCode(() => spending.hold('q', 46n))).toBe('SPEND_CAP_DAY')
  })

  it('start anew with the day of the client’s clock, and show the day', () => {
    const { ledger } = open()
    const today = new Spending(ledger, clockAt('2026-11-23T23:59:59Z'), caps)
    today.hold('p', 60n).settle(12n)
    expect(today.view()).toMatchObject({
      day: '2026-11-23',
      spentNano: 12n,
      perDayNano: 100n,
      providers: [{ provider: 'p', spentNano: 12n, heldNano: 0n }],
    })
    const tomorrow = new Spending(ledger, clockAt('2026-11-24T00:00:00Z'), caps)
    expect(tomorrow.providerLeftNano('p')).toBe(60n)
    expect(tomorrow.view()).toMatchObject({ day: '2026-11-24', spentNano: 0n, providers: [] })
    expect(tomorrow.limit(undefined)?.nano).toBe(50n)
  })
})

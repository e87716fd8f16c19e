/**
 * An embedded chain on disk. Each block is one transaction of SQLite with `synchronous=FULL`: after a kill
 * at any moment the chain goes on from the last block that anybody heard of.
 */
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { Address, Cell } from '@ton/core'
import { ConfigError, UnavailableError } from '#protocol/errors.ts'
import { BLOCKS_MAX, TRANSACTIONS_MAX } from '#settlement/devchain/constants.ts'
import type { BlockChange, DevchainJournal } from '#settlement/devchain/journal.ts'
import type { PriceTable } from '#settlement/devchain/prices.ts'
import type { DevchainSnapshot } from '#settlement/devchain/snapshot.ts'

/** "COCH": marks the file as an embedded chain's. */
const APPLICATION_ID = 0x434f4348
const CHAIN_FILE = 'chain.sqlite'

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS blocks (seqno INTEGER PRIMARY KEY, time INTEGER, root_hash BLOB) STRICT;
  CREATE TABLE IF NOT EXISTS accounts (address TEXT PRIMARY KEY, state BLOB) STRICT;
  CREATE TABLE IF NOT EXISTS transactions (id INTEGER PRIMARY KEY, seqno INTEGER, boc BLOB) STRICT;
  CREATE TABLE IF NOT EXISTS pending (id INTEGER PRIMARY KEY, boc BLOB) STRICT;
  CREATE TABLE IF NOT EXISTS books (
    id INTEGER PRIMARY KEY CHECK (id = 1), global_id INTEGER, prices TEXT,
    genesis_nano TEXT, fees_nano TEXT, time_offset INTEGER, logical_time TEXT) STRICT;
`

export class ChainStore implements DevchainJournal {
  readonly #database: DatabaseSync
  readonly #put: Readonly<Record<'block' | 'account' | 'transaction' | 'pending', StatementSync>>
  readonly #books: StatementSync
  readonly #trim: readonly StatementSync[]
  #place: { readonly globalId: number; readonly prices: PriceTable } | undefined

  /**
   * @throws UnavailableError STORE_LOCKED when another chain uses the folder
   * @throws ConfigError STORE_FOREIGN when the file is not a chain's
   */
  constructor(dataDir: string) {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    this.#database = openFile(path.join(dataDir, CHAIN_FILE))
    const prepare = (sql: string) => this.#database.prepare(sql)
    this.#put = {
      block: prepare('INSERT INTO blocks VALUES (?, ?, ?)'),
      account: prepare('INSERT OR REPLACE INTO accounts VALUES (?, ?)'),
      transaction: prepare('INSERT INTO transactions (seqno, boc) VALUES (?, ?)'),
      pending: prepare('INSERT INTO pending (boc) VALUES (?)'),
    }
    this.#books = prepare('INSERT OR REPLACE INTO books VALUES (1, ?, ?, ?, ?, ?, ?)')
    this.#trim = [
      prepare(`DELETE FROM blocks WHERE seqno <= (SELECT max(seqno) FROM blocks) - ${BLOCKS_MAX}`),
      prepare(
        `DELETE FROM transactions WHERE id <= (SELECT max(id) FROM transactions) - ${TRANSACTIONS_MAX}`,
      ),
    ]
  }

  append(change: BlockChange): void {
    this.#atomically(() => {
      this.#putBlock(change.block)
      for (const { seqno, boc } of change.transactions) {
        this.#put.transaction.run(seqno, Buffer.from(boc, 'base64'))
      }
      for (const [address, state] of change.accounts) {
        this.#put.account.run(address, Buffer.from(state, 'base64'))
      }
      this.#putPending(change.pending)
      for (const statement of this.#trim) statement.run()
      this.#putBooks({ ...change, lt: change.logicalTime })
    })
  }

  replace(snapshot: DevchainSnapshot): void {
    this.#place = { globalId: snapshot.globalId, prices: snapshot.prices }
    this.#atomically(() => {
      this.#database.exec('DELETE FROM blocks; DELETE FROM accounts; DELETE FROM transactions')
      for (const block of snapshot.blocks) this.#putBlock(block)
      for (const { address, cell } of snapshot.accounts) {
        this.#put.account.run(address.toRawString(), cell.toBoc())
      }
      for (const { seqno, cell } of snapshot.transactions) {
        this.#put.transaction.run(seqno, cell.toBoc())
      }
      this.#putPending(snapshot.pending)
      this.#putBooks(snapshot)
    })
  }

  /** What was last written; undefined: a new chain begins here. */
  load(): DevchainSnapshot | undefined {
    const all = (sql: string) => this.#database.prepare(sql).all() as Record<string, unknown>[]
    const [books] = all('SELECT * FROM books')
    if (books === undefined) return undefined
    const cell = (row: Record<string, unknown>, column: string) =>
      Cell.fromBoc(Buffer.from(row[column] as Uint8Array))[0]!
    const place = { globalId: Number(books['global_id']), prices: books['prices'] as PriceTable }
    this.#place = place
    return {
      format: 'cocoon-devchain/1',
      ...place,
      genesisNano: BigInt(String(books['genesis_nano'])),
      feesNano: BigInt(String(books['fees_nano'])),
      timeOffsetS: Number(books['time_offset']),
      lt: BigInt(String(books['logical_time'])),
      blocks: all('SELECT * FROM blocks ORDER BY seqno').map((row) => ({
        seqno: Number(row['seqno']),
        time: Number(row['time']),
        rootHash: new Uint8Array(row['root_hash'] as Uint8Array),
      })),
      accounts: all('SELECT * FROM accounts').map((row) => ({
        address: Address.parseRaw(String(row['address'])),
        cell: cell(row, 'state'),
      })),
      transactions: all('SELECT * FROM transactions ORDER BY id').map((row) => ({
        seqno: Number(row['seqno']),
        cell: cell(row, 'boc'),
      })),
      pending: all('SELECT * FROM pending ORDER BY id').map((row) => cell(row, 'boc')),
    }
  }

  close(): void {
    this.#database.close()
  }

  #putBlock({ seqno, time, rootHash }: BlockChange['block']): void {
    this.#put.block.run(seqno, time, rootHash)
  }

  #putPending(messages: readonly Cell[]): void {
    this.#database.exec('DELETE FROM pending')
    for (const message of messages) this.#put.pending.run(message.toBoc())
  }

  #putBooks(
    books: Pick<DevchainSnapshot, 'genesisNano' | 'feesNano' | 'timeOffsetS' | 'lt'>,
  ): void {
    if (this.#place === undefined) throw new RangeError('a block before the chain')
    const { globalId, prices } = this.#place
    const { genesisNano, feesNano, timeOffsetS, lt } = books
    this.#books.run(globalId, prices, `${genesisNano}`, `${feesNano}`, timeOffsetS, `${lt}`)
  }

  #atomically(work: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      work()
      this.#database.exec('COMMIT')
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }
}

/** SQLite primary result code (sqlite.org/rescode.html). */
const SQLITE_BUSY = 5

function openFile(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: 0 })
  try {
    // The operating system drops this lock when the process dies.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL')
    database.exec('PRAGMA synchronous = FULL; BEGIN IMMEDIATE; COMMIT')
    const found = Number(database.prepare('PRAGMA application_id').get()?.['application_id'])
    const tables = database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n']
    if (found !== APPLICATION_ID && tables !== 0) throw foreign(file)
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}`)
    database.exec(SCHEMA)
    return database
  } catch (cause) {
    database.close()
    if (cause instanceof ConfigError) throw cause
    if (((cause as { errcode?: number }).errcode ?? 0) % 256 !== SQLITE_BUSY)
      throw foreign(file, cause)
    throw new UnavailableError('STORE_LOCKED', `another chain uses ${file}`, {
      remedy: 'Stop it, or name another folder with --data.',
      cause,
    })
  }
}

function foreign(file: string, cause?: unknown): ConfigError {
  return new ConfigError('STORE_FOREIGN', `${file} is not an embedded chain`, {
    remedy: 'Name another folder with --data.',
    ...(cause === undefined ? {} : { cause }),
  })
}

/**
 * Many channels, one sync: what is handed in during one turn of the event loop is written in one
 * transaction, and each promise resolves after its commit. A disk that syncs 400 times a second so
 * keeps thousands of vouchers, and still no voucher is on the wire before it is on the disk.
 */
import type { DatabaseSync } from 'node:sqlite'
import { UnavailableError } from '#protocol/errors.ts'
import { GROUP_WORKS_MAX } from './constants.ts'

interface Waiting {
  readonly run: () => unknown
  readonly resolve: (value: never) => void
  readonly reject: (reason: unknown) => void
}

interface Outcome {
  readonly waiting: Waiting
  readonly settle: () => void
}

export class GroupCommit {
  readonly #database: DatabaseSync
  readonly #commit: (work: () => void) => void
  #waiting: Waiting[] = []
  #failure: unknown

  /** `commit` runs work in one durable transaction. */
  constructor(database: DatabaseSync, commit: (work: () => void) => void) {
    this.#database = database
    this.#commit = commit
  }

  /**
   * Runs a synchronous work in the transaction of this turn. One that throws is rolled back alone. When
   * the commit itself fails every work of it is rejected, and so is all that follows: what they
   * changed in memory is not on the disk, so the process must start again.
   * @throws UnavailableError STORE_BUSY above GROUP_WORKS_MAX; STORE_FULL, STORE_IO
   */
  add<T>(run: () => T): Promise<T> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (this.#waiting.length >= GROUP_WORKS_MAX) return Promise.reject(busy())
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ run, resolve, reject })
      if (this.#waiting.length === 1) setImmediate(() => this.flush())
    })
  }

  /** Commits what waits, now. @throws never: each promise has its own outcome */
  flush(): void {
    const group = this.#waiting
    this.#waiting = []
    if (group.length === 0) return
    const outcomes: Outcome[] = []
    try {
      this.#commit(() => {
        for (const one of group) outcomes.push(this.#runAlone(one))
      })
    } catch (error) {
      this.#failure = error
      for (const one of group) one.reject(error)
      return
    }
    for (const { settle } of outcomes) settle()
  }

  #runAlone(waiting: Waiting): Outcome {
    this.#database.exec('SAVEPOINT work')
    try {
      const value = waiting.run()
      if (value instanceof Promise) throw new TypeError('a transaction must be synchronous')
      this.#database.exec('RELEASE work')
      return { waiting, settle: () => waiting.resolve(value as never) }
    } catch (error) {
      // A full disk ends the whole transaction: then the group fails together.
      if (!this.#database.isTransaction) throw error
      this.#database.exec('ROLLBACK TO work')
      this.#database.exec('RELEASE work')
      return { waiting, settle: () => waiting.reject(error) }
    }
  }
}

function busy(): UnavailableError {
  return new UnavailableError('STORE_BUSY', 'too much waits for the disk', {
    remedy: 'Try again; the disk of this machine is slower than what is asked of it.',
    data: { waitingMax: GROUP_WORKS_MAX },
  })
}

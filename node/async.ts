/** Small asynchronous tools of the edge: a mutex, a bounded queue and a cancellable wait. */
import { setTimeout as wait } from 'node:timers/promises'
import { ProtocolError } from '#protocol/errors.ts'

/** Resolves after `ms`, rejects with the signal's reason when aborted. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  await wait(ms, undefined, signal === undefined ? {} : { signal })
}

/** Runs one task at a time, in the order of the calls. A failed task does not stop the next. */
export class Mutex {
  #tail: Promise<unknown> = Promise.resolve()

  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(task, task)
    this.#tail = result.catch(() => undefined)
    return result
  }
}

/** A bounded queue that one reader iterates; a full queue fails the writer, never blocks it. */
export class AsyncQueue<T> implements AsyncIterable<T> {
  readonly #items: T[] = []
  readonly #itemsMax: number
  #waiting: { resolve: () => void } | undefined
  #ended: { error: Error | undefined } | undefined

  constructor(itemsMax: number) {
    this.#itemsMax = itemsMax
  }

  /** @throws ProtocolError QUEUE_FULL */
  push(item: T): void {
    if (this.#ended !== undefined) return
    if (this.#items.length >= this.#itemsMax) {
      throw new ProtocolError('QUEUE_FULL', 'more messages arrived than can be held')
    }
    this.#items.push(item)
    this.#wake()
  }

  /** Ends the iteration after what is queued; with an error the reader gets it after that. */
  end(error?: Error): void {
    this.#ended ??= { error }
    this.#wake()
  }

  /** The next item, or undefined at the end. @throws the error that ended the queue */
  async next(): Promise<T | undefined> {
    for (;;) {
      const item = this.#items.shift()
      if (item !== undefined) return item
      if (this.#ended !== undefined) {
        if (this.#ended.error !== undefined) throw this.#ended.error
        return undefined
      }
      await new Promise<void>((resolve) => {
        this.#waiting = { resolve }
      })
    }
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    for (;;) {
      const item = await this.next()
      if (item === undefined) return
      yield item
    }
  }

  #wake(): void {
    this.#waiting?.resolve()
    this.#waiting = undefined
  }
}

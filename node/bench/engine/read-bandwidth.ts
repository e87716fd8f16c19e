/**
 * How fast this machine reads memory: each thread looks through its part of a large buffer for a byte that
 * is not in it, which Node hands to the C library's memchr, vector code that does nothing but load and compare.
 */
import { Worker } from 'node:worker_threads'

/** Far beyond any cache of a processor. */
const BUFFER_BYTES = 512 * 1024 ** 2
const ABSENT = 255

/** Runs in the threads, as text so that it needs no file of its own. */
const SCAN = `
const { parentPort, workerData } = require('node:worker_threads')
const { shared, start, end } = workerData
const bytes = Buffer.from(shared, start, end - start)
parentPort.on('message', () => {
  const startMs = performance.timeOrigin + performance.now()
  if (bytes.indexOf(${ABSENT}) !== -1) throw new Error('the byte is there')
  parentPort.postMessage({ startMs, endMs: performance.timeOrigin + performance.now() })
})
`

interface Scan {
  readonly startMs: number
  readonly endMs: number
}

export class ReadBandwidth implements AsyncDisposable {
  readonly #workers: readonly Worker[]

  constructor(threads: number) {
    const shared = new SharedArrayBuffer(BUFFER_BYTES)
    new Uint8Array(shared).fill(1)
    const part = BUFFER_BYTES / threads
    this.#workers = Array.from({ length: threads }, (_, thread) => {
      const workerData = { shared, start: thread * part, end: (thread + 1) * part }
      return new Worker(SCAN, { eval: true, workerData })
    })
  }

  /** Bytes a second of all threads together, from the first one's start to the last one's end. */
  async measure(): Promise<number> {
    const scans = await Promise.all(
      this.#workers.map(async (worker) => {
        const done = new Promise<Scan>((resolve) => worker.once('message', resolve))
        worker.postMessage(null)
        return done
      }),
    )
    const startMs = Math.min(...scans.map((scan) => scan.startMs))
    const endMs = Math.max(...scans.map((scan) => scan.endMs))
    return (BUFFER_BYTES * 1_000) / (endMs - startMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }
}

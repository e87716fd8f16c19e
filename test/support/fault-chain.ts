/** The way to a chain's endpoint, with faults on demand: as `fetch` of a ChainAccess. */
import { setTimeout as wait } from 'node:timers/promises'

export type ChainFault =
  | 'none'
  /** Nobody listens. */
  | 'stopped'
  /** Answers after `slowMs`, or never when the caller is more impatient. */
  | 'slow'
  /** HTTP 500 with a page that is no JSON. */
  | 'erroring'
  /** JSON that is no answer. */
  | 'nonsense'

export class ChainGate {
  fault: ChainFault = 'none'
  slowMs = 300
  /** Requests that met the fault. */
  refused = 0

  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    if (this.fault === 'none') return fetch(input, init)
    this.refused++
    if (this.fault === 'stopped') throw new TypeError('fetch failed: ECONNREFUSED')
    if (this.fault === 'erroring') return new Response('<h1>Bad Gateway</h1>', { status: 502 })
    if (this.fault === 'nonsense') return new Response('{"ok":true,"result":{"last":"?"}}')
    await wait(this.slowMs, undefined, init?.signal ? { signal: init.signal } : {})
    return fetch(input, init)
  }
}

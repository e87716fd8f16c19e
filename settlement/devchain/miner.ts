/** A block at every interval, whether or not there is anything in it. */
import type { Ledger } from './ledger.ts'

export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>

/** Ends when the signal aborts. @throws what stopped the chain, such as a full disk */
export async function mineAtIntervals(
  ledger: Ledger,
  intervalMs: number,
  sleep: Sleep,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(intervalMs, signal).catch(() => undefined)
    if (!signal.aborted) await ledger.mine()
  }
}

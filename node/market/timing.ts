/** Waiting that ends at once when its owner stops; no timer keeps the process alive. */
import { setTimeout as sleep } from 'node:timers/promises'

/** Waits; false when the signal ended the wait. */
export async function pause(durationMs: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(durationMs, undefined, { signal, ref: false })
    return true
  } catch {
    return false
  }
}

/** `firstMs` doubling up to `maxMs`, for ever. */
export function* doubling(firstMs: number, maxMs: number): Generator<number, never> {
  for (let nextMs = firstMs; ; nextMs = Math.min(maxMs, nextMs * 2)) yield nextMs
}

/** Runs `work` over the items, `parallelMax` at a time; a failure of one does not stop the others. */
export async function forEachLimited<Item>(
  items: AsyncIterable<Item> | Iterable<Item>,
  parallelMax: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>()
  for await (const item of items) {
    const one: Promise<void> = work(item)
      .catch(() => undefined)
      .finally(() => running.delete(one))
    running.add(one)
    if (running.size >= parallelMax) await Promise.race(running)
  }
  await Promise.all(running)
}

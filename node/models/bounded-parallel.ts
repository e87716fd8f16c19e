/** Some tasks at once; the first failure stops the others. */

/** @throws what the first task to fail threw, after all have ended */
export async function forEachInParallel<Item>(
  items: readonly Item[],
  parallelMax: number,
  signal: AbortSignal,
  work: (item: Item, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController()
  const limit = AbortSignal.any([signal, failed.signal])
  const failures: unknown[] = []
  const queue = items.values()
  const runner = async (): Promise<void> => {
    for (const item of queue) {
      if (limit.aborted) return
      try {
        await work(item, limit)
      } catch (error) {
        failures.push(error)
        failed.abort()
        return
      }
    }
  }
  await Promise.all(Array.from({ length: parallelMax }, runner))
  signal.throwIfAborted()
  if (failures.length > 0) throw failures[0]
}

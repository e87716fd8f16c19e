/** Keeps DHT records in place: tries until a record is taken, then renews it. */
import type { Logger } from 'pino'
import type { Transport } from '#protocol/transport.ts'
import { PROVIDE_AGAIN_MS, PROVIDE_RETRY_FIRST_MS, PROVIDE_RETRY_MAX_MS } from './constants.ts'
import { doubling, pause } from './timing.ts'

/** Runs until the signal aborts. */
export async function keepProviding(
  transport: Transport,
  key: Uint8Array,
  signal: AbortSignal,
  log: Logger,
): Promise<void> {
  let retries = doubling(PROVIDE_RETRY_FIRST_MS, PROVIDE_RETRY_MAX_MS)
  while (!signal.aborted) {
    const isPlaced = await tryProvide(transport, key, signal, log)
    if (isPlaced) retries = doubling(PROVIDE_RETRY_FIRST_MS, PROVIDE_RETRY_MAX_MS)
    // A record placed while this peer was alone reaches nobody: it is placed again soon.
    const isWorthMuch = isPlaced && transport.peers().length > 0
    await pause(isWorthMuch ? PROVIDE_AGAIN_MS : retries.next().value, signal)
  }
}

async function tryProvide(
  transport: Transport,
  key: Uint8Array,
  signal: AbortSignal,
  log: Logger,
): Promise<boolean> {
  try {
    await transport.provide(key, signal)
    return true
  } catch (error) {
    if (!signal.aborted) log.debug({ error: String(error) }, 'the DHT record was not placed')
    return false
  }
}

/** An embedded chain for one process: in memory, or in a folder of its own. */
import { sleep } from '#node/async.ts'
import { systemClock } from '#node/clock.ts'
import type { FaultRule } from '#settlement/devchain/faults.ts'
import type { PriceTable } from '#settlement/devchain/prices.ts'
import { type Devchain, startDevchain } from '#settlement/devchain/server.ts'
import { ChainStore } from './chain-store.ts'

export interface ChainSettings {
  /** TCP port on 127.0.0.1; 0 picks a free one. */
  readonly port: number
  readonly globalId: number
  /** For a new chain; one that is on the disk keeps its own. */
  readonly prices: PriceTable
  /** Milliseconds from block to block; undefined: at once. */
  readonly intervalMs: number | undefined
  /** Undefined: in memory. */
  readonly dataDir: string | undefined
  readonly faults: readonly FaultRule[]
  /** Of the faults. */
  readonly seed: number
}

/**
 * @throws UnavailableError DEVCHAIN_PORT, STORE_LOCKED
 * @throws ConfigError STORE_FOREIGN
 */
export async function runChain(settings: ChainSettings): Promise<Devchain> {
  const { port, globalId, prices, intervalMs, dataDir, faults: rules, seed } = settings
  const store = dataDir === undefined ? undefined : new ChainStore(dataDir)
  try {
    const snapshot = store?.load()
    const chain = await startDevchain({
      port,
      clock: systemClock,
      globalId,
      prices,
      sleep,
      faults: { rules, seed },
      ...(store === undefined ? {} : { journal: store }),
      ...(snapshot === undefined ? {} : { snapshot }),
      ...(intervalMs === undefined ? {} : { interval: { ms: intervalMs, sleep } }),
    })
    const stop = async () => {
      await chain.stop()
      store?.close()
    }
    return { ...chain, stop }
  } catch (error) {
    store?.close()
    throw error
  }
}

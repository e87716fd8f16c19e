/** What providers call models in their signed offers: proposals for names, each to be checked by its digest. */
import type { Logger } from 'pino'
import { startOfferDiscovery } from '#node/market/offer-discovery.ts'
import { forEachLimited } from '#node/market/timing.ts'
import type { Clock } from '#protocol/clock.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import type { Transport } from '#protocol/transport.ts'
import { LISTED_ASK_MS, LISTED_ROOTS_ASKED_MAX } from './constants.ts'

export interface OfferedNamesComponents {
  readonly transport: Transport
  readonly crypto: CryptoPort
  readonly clock: Clock
  readonly globalId: number
  readonly log: Logger
}

/** Asked side by side. */
const ASKED_AT_ONCE = 4

/**
 * Asks who sells these models; peers that do not answer are left out.
 * @param roots those beyond LISTED_ROOTS_ASKED_MAX are not asked for
 * @throws the signal's reason
 */
export async function offeredNames(
  components: OfferedNamesComponents,
  roots: readonly Uint8Array[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const asked = roots.slice(0, LISTED_ROOTS_ASKED_MAX)
  const discovery = startOfferDiscovery({ ...components, modelRoots: asked })
  try {
    await forEachLimited(asked, ASKED_AT_ONCE, async (root) => {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(LISTED_ASK_MS)])
      await discovery.refresh(root, limit).catch(() => undefined)
    })
    signal.throwIfAborted()
    return [...new Set(discovery.offers().map(({ modelId }) => modelId))]
  } finally {
    await discovery.stop()
  }
}

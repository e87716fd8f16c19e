/**
 * What a provider's quotes come from, and the tier that this makes. One rule stands above every flag: an
 * engine behind another server's HTTP is outside of every TEE that this process could prove, so there
 * is no quote for it to have, and its tier is open. A server that this program launched itself is inside:
 * what was started is in the runtime digest that the quote covers (docs/decisions/032-launched-servers.md).
 */
import { openSource } from '#attestation/evidence/open.ts'
import type { QuoteSource } from '#attestation/types.ts'
import type { CryptoPort, Ed25519KeyPair } from '#protocol/crypto/port.ts'
import { ConfigError } from '#protocol/errors.ts'
import type { TierName } from '#protocol/tier.ts'
import type { TeeChoice } from '../evidence/choose.ts'

/**
 * Where the model runs: in an engine process that this program started, in a server that it launched from a
 * description, or behind somebody's HTTP.
 */
export type EnginePlace = 'own-process' | 'launched' | 'upstream'

export interface QuotesWanted {
  readonly place: EnginePlace
  readonly tee?: TeeChoice | undefined
  readonly gpus?: number | undefined
  readonly identity: Ed25519KeyPair
}

/**
 * @param openMachine asked only where this program started what runs the model
 * @throws ConfigError UPSTREAM_TEE when a TEE was named for an upstream; what `openMachine` throws
 */
export async function openQuotes(
  crypto: CryptoPort,
  { place, tee = 'auto', gpus = 0, identity }: QuotesWanted,
  openMachine: () => Promise<QuoteSource>,
): Promise<QuoteSource> {
  if (place !== 'upstream') return openMachine()
  if (tee !== 'auto' || gpus > 0) {
    throw new ConfigError('UPSTREAM_TEE', 'no TEE can speak for an upstream server', {
      remedy:
        'Leave out --tee; an upstream is sold in tier open, docs/OPERATING-UPSTREAM.md says why.',
    })
  }
  return openSource(crypto, identity)
}

/** Follows from the quotes alone: nobody says what tier they are. */
export function tierOf({ tee }: Pick<QuoteSource, 'tee'>): TierName {
  if (tee === 'none') return 'open'
  return tee.startsWith('simulated') ? 'simulated' : 'confidential'
}

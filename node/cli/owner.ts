/** What commands that act for an owner stand on: a peer's folder, its chain and its wallet, while it does not run. */
import { sleep } from '#node/async.ts'
import { systemClock } from '#node/clock.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import type { ChainAccess } from '#settlement/chain/access.ts'
import { tonClientReader } from '#settlement/chain/ton-client-reader.ts'
import type { ChainReader, Wallet } from '#settlement/types.ts'
import { seedSigner } from '#settlement/wallet/signer.ts'
import { openWallet } from '#settlement/wallet/wallet.ts'
import type { CliContext } from './context.ts'
import type { PeerCommandOptions } from './options.ts'
import { openPeerHome, type PeerHome, type Role } from './peer-home.ts'

export interface Owner {
  readonly home: PeerHome
  readonly chain: ChainReader
  readonly wallet: Wallet
}

/**
 * @throws UnavailableError NO_TESTNET, STORE_LOCKED while the peer runs
 * @throws ConfigError NETWORK_FILE, KEYS_FILE
 */
export async function withOwner<T>(
  role: Role,
  options: PeerCommandOptions,
  context: CliContext,
  work: (owner: Owner) => Promise<T>,
): Promise<T> {
  const home = openPeerHome(role, options, context)
  try {
    const access = accessOf(home)
    const signer = seedSigner(crypto, home.keys.walletSeed)
    const wallet = openWallet({ access, crypto, clock: systemClock, signer, sleep })
    return await work({ home, chain: tonClientReader(access), wallet })
  } finally {
    home.folder.release()
  }
}

function accessOf({ network }: PeerHome): ChainAccess {
  return {
    endpoint: network.chainUrl,
    globalId: network.globalId,
    fetch: globalThis.fetch,
    timeoutSignal: AbortSignal.timeout,
  }
}

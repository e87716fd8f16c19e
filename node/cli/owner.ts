/** What commands that act for an owner stand on: a peer's folder, its chain and its wallet, while it does not run. */
import { Address } from '@ton/core'
import { sleep } from '#node/async.ts'
import { openChain } from '#node/chain/open-chain.ts'
import { systemClock } from '#node/clock.ts'
import { journalFile } from '#node/wallet/journal-file.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import type { ChainReader, Wallet } from '#settlement/types.ts'
import { openWallet } from '#settlement/wallet/wallet.ts'
import type { CliContext } from './context.ts'
import type { PeerCommandOptions } from './options.ts'
import { walletPassphrase } from './passphrase.ts'
import { openPeerHome, type PeerHome, type Role } from './peer-home.ts'
import { processPrompt } from './prompt.ts'

export interface Owner {
  readonly home: PeerHome
  readonly chain: ChainReader
  /** Of the wallet. */
  readonly address: Address
  /** Ready to sign: asks for a passphrase where the key is sealed. @throws ConfigError WALLET_PASSPHRASE */
  openWallet(): Promise<Wallet>
}

/**
 * @throws UnavailableError NO_TESTNET, STORE_LOCKED while the peer runs
 * @throws ConfigError NETWORK_FILE, KEYS_FILE, WALLET_FILE, WALLET_UNPROTECTED
 */
export async function withOwner<T>(
  role: Role,
  options: PeerCommandOptions,
  context: CliContext,
  work: (owner: Owner) => Promise<T>,
): Promise<T> {
  const home = openPeerHome(role, options, context)
  try {
    const { access, others, reader: chain } = openChain(home.network, systemClock)
    const address = Address.parseRaw(home.walletAddress)
    return await work({
      home,
      chain,
      address,
      async openWallet() {
        const signer = await home.wallet.open(() =>
          walletPassphrase(context.settings, processPrompt),
        )
        // The peer's own journal: what it left in flight is found out before anything else is signed.
        const journal = journalFile(home.networkDir, address)
        return openWallet({ access, others, crypto, clock: systemClock, signer, sleep, journal })
      },
    })
  } finally {
    home.folder.release()
  }
}

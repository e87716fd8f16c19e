/** What the `wallet` commands stand on: a folder, its wallet, and the network that it is looked at on. */
import path from 'node:path'
import type { Address } from '@ton/core'
import { openChain } from '#node/chain/open-chain.ts'
import { systemClock } from '#node/clock.ts'
import { networkFolderName } from '#node/store/data-folder.ts'
import { type NetworkFile, readNetworkFile } from '#node/testnet/network-file.ts'
import { type OwnerWallet, ownerWallet } from '#node/wallet/owner-wallet.ts'
import type { ChainAccess } from '#settlement/chain/access.ts'
import type { ChainReader } from '#settlement/types.ts'
import { walletAddress } from '#settlement/wallet/body.ts'
import type { CliContext } from '../context.ts'
import { type Role, roleDir } from '../peer-home.ts'
import { networkFile } from '../target.ts'

export interface WalletOptions {
  /** The client's when left out. */
  readonly role?: Role
  readonly data?: string
  readonly network?: string
  readonly walletPassphraseFile?: string
  readonly json?: boolean
}

export interface WalletHome {
  readonly dataDir: string
  /** Channels and the message in flight; may be missing. */
  readonly networkDir: string
  readonly network: NetworkFile
  readonly wallet: OwnerWallet
  readonly address: Address
  readonly access: ChainAccess
  /** Where a message is handed in when the first endpoint does not answer. */
  readonly others: readonly ChainAccess[]
  readonly chain: ChainReader
}

export function walletDir({ role, data }: WalletOptions, { settings }: CliContext): string {
  return path.resolve(data ?? roleDir(role ?? 'client', settings.dataRoot))
}

/** @throws ConfigError WALLET_MISSING, WALLET_FILE, NETWORK_FILE; UnavailableError NO_TESTNET */
export function walletHome(options: WalletOptions, context: CliContext): WalletHome {
  const dataDir = walletDir(options, context)
  const wallet = ownerWallet(dataDir)
  const named = options.network === undefined ? {} : { network: options.network }
  const network = readNetworkFile(networkFile(named, context.settings))
  const { access, others, reader: chain } = openChain(network, systemClock)
  return {
    ...{ dataDir, network, wallet, access, others, chain },
    networkDir: path.join(dataDir, 'networks', networkFolderName(network)),
    address: walletAddress(wallet.publicKey, network.globalId),
  }
}

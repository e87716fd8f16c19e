/** What a peer of the owner's stands on: its network, its data folder and its keys, made when missing. */
import path from 'node:path'
import { Address } from '@ton/core'
import { openChain } from '#node/chain/open-chain.ts'
import { systemClock } from '#node/clock.ts'
import { type DataFolder, openDataFolder } from '#node/store/data-folder.ts'
import { TESTNET_GLOBAL_ID } from '#node/testnet/constants.ts'
import { devchainRpc } from '#node/testnet/devchain-rpc.ts'
import { type NetworkFile, readNetworkFile } from '#node/testnet/network-file.ts'
import { type OwnerWallet, ownerWallet, requireProtected } from '#node/wallet/owner-wallet.ts'
import { walletAddress } from '#settlement/wallet/body.ts'
import type { CliContext } from './context.ts'
import type { PeerCommandOptions } from './options.ts'
import { type OwnerKeys, ownerKeys } from './owner-keys.ts'
import { networkFile } from './target.ts'

/** 100 coins of an embedded chain, which are worth nothing. */
const FAUCET_NANO = 100_000_000_000n

export type Role = 'provider' | 'client'

export interface PeerHome {
  readonly name: string
  readonly folder: DataFolder
  /** Channels and receipts of this network. */
  readonly networkDir: string
  readonly networkFile: string
  readonly network: NetworkFile
  readonly keys: OwnerKeys
  readonly wallet: OwnerWallet
  readonly walletAddress: string
}

/** The folder of a role when no other is named. */
export function roleDir(role: Role, dataRoot: string): string {
  return path.join(dataRoot, role)
}

/**
 * @throws UnavailableError NO_TESTNET, STORE_LOCKED
 * @throws ConfigError NETWORK_FILE, KEYS_FILE, WALLET_FILE, WALLET_UNPROTECTED
 */
export function openPeerHome(
  role: Role,
  options: PeerCommandOptions,
  { settings }: CliContext,
): PeerHome {
  // `--data` is this peer's own folder; the running testnet is looked for in its usual place.
  const named = options.network === undefined ? {} : { network: options.network }
  const file = networkFile(named, settings)
  const network = readNetworkFile(file)
  const folder = openDataFolder(path.resolve(options.data ?? roleDir(role, settings.dataRoot)))
  try {
    const keys = ownerKeys(folder.dir)
    const wallet = ownerWallet(folder.dir)
    requireProtected(wallet, network.globalId)
    return {
      name: options.name ?? role,
      folder,
      networkDir: folder.networkDir(network),
      networkFile: file,
      network,
      keys,
      wallet,
      walletAddress: walletAddress(wallet.publicKey, network.globalId).toRawString(),
    }
  } catch (error) {
    folder.release()
    throw error
  }
}

/**
 * On an embedded chain an empty wallet gets coins that are worth nothing, also when its keys are older
 * than the chain; nowhere else. Returns what it was given.
 * @throws UnavailableError CHAIN_UNREACHABLE
 */
export async function fundFromFaucet({ network, walletAddress }: PeerHome): Promise<bigint> {
  const { globalId, chainUrl } = network
  if (globalId !== TESTNET_GLOBAL_ID) return 0n
  const chain = openChain(network, systemClock).reader
  if ((await chain.balance(Address.parseRaw(walletAddress))) > 0n) return 0n
  await devchainRpc(chainUrl).fund(walletAddress, FAUCET_NANO)
  return FAUCET_NANO
}

/** `connect()`: a light client of the configured network, in the caller's own process. */
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import type { Logger } from 'pino'
import type { AttestationPolicy } from '#attestation/policy/policy.ts'
import { ownerKeys } from '#node/cli/owner-keys.ts'
import { walletPassphrase } from '#node/cli/passphrase.ts'
import { readPolicyFile } from '#node/cli/policy-file.ts'
import type { Prompt } from '#node/cli/prompt.ts'
import { registryAddresses } from '#node/cli/registry-addresses.ts'
import { networkFile } from '#node/cli/target.ts'
import { composeClient } from '#node/compose.ts'
import { readConfiguration } from '#node/config/read.ts'
import type { Settings } from '#node/config.ts'
import { createLog } from '#node/log.ts'
import { withKnownModels } from '#node/models/known-models.ts'
import { ModelNames } from '#node/models/names.ts'
import { ModelStore } from '#node/models/store.ts'
import type { NodeEvent } from '#node/roles/events.ts'
import { STORE_FILE } from '#node/store/constants.ts'
import { openDataFolder } from '#node/store/data-folder.ts'
import {
  CHANNEL_DEPOSIT_NANO,
  CLIENT_GENESIS_NANO,
  TESTNET_GLOBAL_ID,
} from '#node/testnet/constants.ts'
import { devchainRpc } from '#node/testnet/devchain-rpc.ts'
import { type NetworkFile, readNetworkFile } from '#node/testnet/network-file.ts'
import { ownerWallet, requireProtected } from '#node/wallet/owner-wallet.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { walletAddress } from '#settlement/wallet/body.ts'
import type { WalletSigner } from '#settlement/wallet/signer.ts'
import { CocoonClient } from './client.ts'
import { OFFERS_WAIT_MS } from './constants.ts'

export interface ConnectOptions {
  /** A network file or its content; by default the network that `cocoon client` would join. */
  readonly network?: string | NetworkFile
  /**
   * Where keys, channels and receipts are kept; made when missing. One process at a time. By default
   * `library` beside the folders of the program (COCOON_DATA names their parent).
   */
  readonly dataDir?: string
  /**
   * Opens the folder's `wallet.json` (`cocoon wallet create --data FOLDER`); called only when the key is
   * sealed. By default COCOON_WALLET_PASSPHRASE or its file; nobody is asked at a terminal.
   */
  readonly walletPassphrase?: () => string | Promise<string>
  /** Named in events and logs. */
  readonly name?: string
  /** Deposit of a new payment channel, in nanoTON; 1 TON by default. */
  readonly depositNano?: bigint
  /** What one answer may cost, in nanoTON, unless the question says otherwise. */
  readonly maxPriceNano?: bigint
  /** Choices, verdicts, channels, payments, receipts; never prompts or answers. */
  readonly onEvent?: (event: NodeEvent) => void
  /** Lines of JSON to stderr from level `COCOON_LOG` by default. */
  readonly log?: Logger
}

/**
 * Joins a network and waits a moment for its first offer. On mainnet only with a wallet whose key is sealed
 * or kept by another program: a key in the clear is for test networks.
 * @throws ConfigError NETWORK_FILE, KEYS_FILE, CONFIG_INVALID, POLICY_INVALID, FILE_UNREADABLE,
 *   REGISTRY_ADDRESS, MODEL_NAMES_INVALID
 * @throws ConfigError WALLET_UNPROTECTED, WALLET_FILE, WALLET_PASSPHRASE, WALLET_PASSPHRASE_MISSING
 * @throws UnavailableError NO_TESTNET, STORE_LOCKED, CHAIN_UNREACHABLE
 */
export async function connect(options: ConnectOptions = {}): Promise<CocoonClient> {
  const { settings } = readConfiguration(process.env, homedir())
  const { name = 'library', network } = options
  const dataDir = path.resolve(options.dataDir ?? path.join(settings.dataRoot, 'library'))
  const joined = knownNetwork(networkOf(network, settings), settings)
  const folder = openDataFolder(dataDir)
  try {
    const { identitySeed } = ownerKeys(dataDir)
    const wallet = ownerWallet(dataDir)
    requireProtected(wallet, joined.globalId)
    const signer = await wallet.open(async () =>
      options.walletPassphrase === undefined
        ? walletPassphrase(settings, NOBODY)
        : options.walletPassphrase(),
    )
    const networkDir = folder.networkDir(joined)
    if (!existsSync(path.join(networkDir, STORE_FILE))) {
      await fundOnEmbeddedChain(joined, wallet.publicKey)
    }
    const log = options.log ?? createLog({ name, level: settings.logLevel })
    const named = {
      ...{ ...options, identitySeed, signer, name, dataDir: networkDir, network: joined, log },
      ownPolicy: settings.policy === undefined ? undefined : readPolicyFile(settings.policy),
      nrasUrl: settings.nrasUrl,
      registries: registryAddresses(settings.registries),
    }
    return await connectAs(named, folder.release)
  } catch (error) {
    folder.release()
    throw error
  }
}

function networkOf(network: ConnectOptions['network'], settings: Settings): NetworkFile {
  if (typeof network === 'object') return network
  return readNetworkFile(networkFile(network === undefined ? {} : { network }, settings))
}

/** With the owner's pins and store, as `cocoon client` has it. */
function knownNetwork(network: NetworkFile, { dataRoot }: Settings): NetworkFile {
  return withKnownModels(network, new ModelStore(dataRoot), new ModelNames(dataRoot, nodeCrypto))
}

/** There a wallet that is new gets coins that are worth nothing; anywhere else its owner funds it. */
async function fundOnEmbeddedChain(network: NetworkFile, publicKey: Uint8Array): Promise<void> {
  if (network.globalId !== TESTNET_GLOBAL_ID) return
  const address = walletAddress(publicKey, network.globalId).toRawString()
  await devchainRpc(network.chainUrl).fund(address, CLIENT_GENESIS_NANO)
}

/** A library is nobody to type a passphrase into. */
const NOBODY: Prompt = {
  isInteractive: false,
  hidden: async () => '',
  confirm: async () => false,
  input: async () => '',
}

/** Everything named: a test network gives each client keys of its own. */
export interface NamedClient extends ConnectOptions {
  readonly name: string
  readonly dataDir: string
  readonly network: NetworkFile
  readonly identitySeed: Uint8Array
  /** Signs for the wallet; either this or the seed of a wallet in the clear. */
  readonly signer?: WalletSigner
  readonly walletSeed?: Uint8Array
  readonly log: Logger
  /** Tightens the network's policy, as COCOON_POLICY or config.json says. */
  readonly ownPolicy?: AttestationPolicy | undefined
  readonly nrasUrl?: string | undefined
  /** Raw addresses of registries whose revocations count. */
  readonly registries?: readonly string[]
}

/** @param release called when the client is closed */
export async function connectAs(
  options: NamedClient,
  release: () => void = () => undefined,
): Promise<CocoonClient> {
  const { name, dataDir, network, identitySeed, log, maxPriceNano, onEvent } = options
  const { ownPolicy, nrasUrl, registries = [], signer, walletSeed } = options
  const peer = await composeClient({
    ...{ name, dataDir, network, identitySeed, log, ownPolicy, nrasUrl, registries },
    ...(signer === undefined ? {} : { signer }),
    ...(walletSeed === undefined ? {} : { walletSeed }),
    depositNano: options.depositNano ?? CHANNEL_DEPOSIT_NANO,
    ...(maxPriceNano === undefined ? {} : { priceCapNano: maxPriceNano }),
    emit: (body) => onEvent?.({ atMs: Date.now(), peer: name, ...body }),
  })
  const client = new CocoonClient(peer.service, release)
  await client.offered(OFFERS_WAIT_MS)
  return client
}

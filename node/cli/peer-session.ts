/** Runs one peer of the owner's until Ctrl-C: makes what is missing, says where it is. */
import path from 'node:path'
import { toJson } from '#node/gateway/json.ts'
import { createLog } from '#node/log.ts'
import type { EmitEvent } from '#node/roles/events.ts'
import {
  CHANNEL_DEPOSIT_NANO,
  CLIENT_GENESIS_NANO,
  TESTNET_GLOBAL_ID,
} from '#node/testnet/constants.ts'
import { devchainRpc } from '#node/testnet/devchain-rpc.ts'
import { eventPrinter } from '#node/testnet/event-text.ts'
import { type NetworkFile, readNetworkFile } from '#node/testnet/network-file.ts'
import { realParts } from '#node/testnet/parts.ts'
import type { PeerConfig } from '#node/testnet/peer-config.ts'
import { runPeer } from '#node/testnet/run-peer.ts'
import { pairs, shortProvider } from '#node/text.ts'
import { ConfigError } from '#protocol/errors.ts'
import type { CliContext } from './context.ts'
import { aborted } from './interrupts.ts'
import type { ClientCommandOptions, PeerCommandOptions, UpOptions } from './options.ts'
import { type OwnerKeys, ownerKeys } from './owner-keys.ts'
import { networkFile } from './target.ts'

/** 0.1 coins for a million completion tokens. */
const DEFAULT_PRICE_NANO_PER_MTOK = 100_000_000n
const PROMPT_DIVISOR = 2n
const CACHED_DIVISOR = 20n

export async function runUp(options: UpOptions, context: CliContext): Promise<void> {
  const home = openHome('provider', options, context)
  const model = servedModel(options, home.network)
  const price = options.price ?? DEFAULT_PRICE_NANO_PER_MTOK
  await runUntilInterrupted(home, options, context, {
    role: 'provider',
    name: home.name,
    dataDir: home.dataDir,
    identitySeed: home.keys.identitySeed,
    walletSeed: home.keys.walletSeed,
    settlementSeed: home.keys.settlementSeed,
    ...model,
    prices: {
      promptNanoPerMtok: price / PROMPT_DIVISOR,
      cachedNanoPerMtok: price / CACHED_DIVISOR,
      completionNanoPerMtok: price,
    },
    slotsTotal: options.slots,
    addedLatencyMs: 0,
  })
}

export async function runClient(options: ClientCommandOptions, context: CliContext): Promise<void> {
  const home = openHome('client', options, context)
  await runUntilInterrupted(home, options, context, {
    role: 'client',
    name: home.name,
    dataDir: home.dataDir,
    identitySeed: home.keys.identitySeed,
    walletSeed: home.keys.walletSeed,
    depositNano: options.deposit ?? CHANNEL_DEPOSIT_NANO,
    ...(options.priceCap === undefined ? {} : { priceCapNano: options.priceCap }),
    apiPort: options.apiPort ?? context.settings.apiPort,
    apiPortFallback: false,
  })
}

interface Home {
  readonly name: string
  readonly dataDir: string
  readonly networkFile: string
  readonly network: NetworkFile
  readonly keys: OwnerKeys
}

function openHome(
  role: 'provider' | 'client',
  options: PeerCommandOptions,
  { settings }: CliContext,
): Home {
  // `--data` is this peer's own folder; the running testnet is looked for in its usual place.
  const named = options.network === undefined ? {} : { network: options.network }
  const file = networkFile(named, settings)
  const dataDir = path.resolve(options.data ?? path.join(settings.dataRoot, role))
  return {
    name: options.name ?? role,
    dataDir,
    networkFile: file,
    network: readNetworkFile(file),
    keys: ownerKeys(dataDir),
  }
}

/** @throws ConfigError MODEL_UNKNOWN, MODEL_FOLDER_MISSING */
function servedModel(options: UpOptions, network: NetworkFile) {
  const model =
    options.model === undefined
      ? network.models[0]
      : network.models.find(({ id }) => id === options.model)
  if (model === undefined) {
    const known = network.models.map(({ id }) => id).join(', ')
    throw new ConfigError('MODEL_UNKNOWN', `this network does not know ${options.model}`, {
      remedy: `Serve one of: ${known}.`,
    })
  }
  const modelFolder = options.modelFolder ?? model.folder
  if (modelFolder !== undefined)
    return { modelId: model.id, modelFolder: path.resolve(modelFolder) }
  throw new ConfigError('MODEL_FOLDER_MISSING', `where are the files of ${model.id}?`, {
    remedy: 'Name their folder with --model-folder.',
  })
}

async function runUntilInterrupted(
  home: Home,
  options: PeerCommandOptions,
  context: CliContext,
  config: PeerConfig,
): Promise<void> {
  const { output, interrupts, settings } = context
  const startedAtMs = Date.now()
  const print = eventPrinter({ coins: context.coins, startedAtMs, nameOf: shortProvider })
  const emit: EmitEvent = (body) => {
    const event = { atMs: Date.now(), peer: home.name, ...body }
    const line = options.json ? toJson(event) : print(event)
    if (line !== undefined) output.result(line)
  }
  await fundOnce(home)
  const log = createLog({ name: home.name, level: settings.logLevel })
  const peer = await runPeer(config, { network: home.network, emit, log })
  interrupts.second.addEventListener('abort', () => process.exit(130), { once: true })
  const { peerId, addresses, apiUrl } = peer.ready
  output.talk(
    pairs([
      ['identity', peerId],
      ['role', config.role],
      ['listens on', addresses[0] ?? '-'],
      ...(apiUrl === undefined ? [] : [['OpenAI API', `${apiUrl}/v1`] as const]),
      ['wallet', realParts.walletAddress(home.keys.walletSeed)],
      ['network', `${home.network.name}, ${home.networkFile}`],
      ['data', `${home.dataDir}, keys in ${home.keys.file}`],
    ]),
  )
  output.talk(`ready in ${((Date.now() - startedAtMs) / 1000).toFixed(1)} s`)
  await aborted(interrupts.first)
  output.talk('stopping (Ctrl-C again to stop at once)')
  await peer.stop()
}

/** On the embedded chain a new wallet gets coins that are worth nothing; nowhere else. */
async function fundOnce({ network, keys }: Home): Promise<void> {
  if (!keys.created || network.globalId !== TESTNET_GLOBAL_ID) return
  const address = realParts.walletAddress(keys.walletSeed)
  await devchainRpc(network.chainUrl).fund(address, CLIENT_GENESIS_NANO)
}

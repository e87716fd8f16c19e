/**
 * A whole network for the tests of other programs: the embedded TON, providers with the demonstration
 * model, a client with its HTTP API. Real libp2p on loopback, real channels and receipts; the TEE is
 * simulated and every answer's tier says so.
 */
import type { Logger } from 'pino'
import { sleep } from '#node/async.ts'
import { LocalApi } from '#node/gateway/local-api-client.ts'
import { createLog } from '#node/log.ts'
import type { NodeEvent } from '#node/roles/events.ts'
import { planTestnet, randomSeed } from '#node/testnet/derive.ts'
import type { NetworkFile } from '#node/testnet/network-file.ts'
import { ConfigError, UnavailableError } from '#protocol/errors.ts'
import type { CocoonClient } from './client.ts'
import type { ConnectOptions } from './connect.ts'
import {
  OFFERS_POLL_MS,
  TESTNET_CLIENTS_MAX,
  TESTNET_PROVIDERS_MAX,
  TESTNET_READY_MS_MAX,
} from './constants.ts'
import { startParts } from './testnet-parts.ts'

export interface TestnetOptions {
  /** 1 to 8, 1 by default; each has an engine process of its own. */
  readonly providers?: number
  /** The same seed gives the same keys, wallets and prices; drawn by default. */
  readonly seed?: string
  readonly onEvent?: (event: NodeEvent) => void
  /** Silent by default. */
  readonly log?: Logger
}

export interface Testnet extends AsyncDisposable {
  readonly seed: string
  /** What the providers serve: id of the demonstration model, a few million real parameters. */
  readonly model: string
  /** Quotes come from a software TEE, so no answer of this network is confidential. */
  readonly tier: 'simulated'
  /** Base URL for OpenAI clients, for example http://127.0.0.1:40113/v1. Any API key is accepted. */
  readonly baseUrl: string
  /** For `connect({ network })`. */
  readonly network: NetworkFile
  /** A new client with a funded wallet of its own. It is closed by `stop()` at the latest. */
  connect(options?: Omit<ConnectOptions, 'network' | 'dataDir'>): Promise<CocoonClient>
  /** The chain as text: receipts verify against it when the network is gone. */
  snapshot(): Promise<string>
  /** Stops every part and removes what lay on the disk. Idempotent. */
  stop(): Promise<void>
}

/**
 * Starts one in this process. Nothing listens on anything but 127.0.0.1, on free ports.
 * @throws ConfigError TESTNET_SIZE
 */
export async function startTestnet(options: TestnetOptions = {}): Promise<Testnet> {
  const { providers = 1, seed = randomSeed() } = options
  if (!Number.isInteger(providers) || providers < 1 || providers > TESTNET_PROVIDERS_MAX) {
    throw new ConfigError(
      'TESTNET_SIZE',
      `a test network has 1 to ${TESTNET_PROVIDERS_MAX} providers`,
    )
  }
  const cleanup = new AsyncDisposableStack()
  try {
    return await start({ ...options, providers, seed }, cleanup)
  } catch (error) {
    await cleanup.disposeAsync()
    throw error
  }
}

type Chosen = TestnetOptions & { readonly providers: number; readonly seed: string }

async function start(options: Chosen, cleanup: AsyncDisposableStack): Promise<Testnet> {
  const { seed, providers, onEvent } = options
  const log = options.log ?? createLog({ name: 'testnet', level: 'silent' })
  const plan = planTestnet(seed, providers, TESTNET_CLIENTS_MAX)
  const parts = await startParts({ plan, log, onEvent }, cleanup)
  const [first, ...others] = plan.providers
  const [own, ...further] = plan.clients
  // The first provider's address lets the others in.
  await parts.provider(first!)
  const [api] = await Promise.all([parts.client(own!), ...others.map(parts.provider)])
  await allOffered(api, providers)
  const connect: Testnet['connect'] = async (named = {}) => {
    const next = further.shift()
    if (next === undefined) throw tooManyClients()
    return parts.library(next, named)
  }
  const stop = () => cleanup.disposeAsync()
  const { model } = parts
  return {
    seed,
    model: model.id,
    tier: 'simulated',
    baseUrl: `${api}/v1`,
    network: parts.network(),
    connect,
    snapshot: parts.snapshot,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

/** Until the API's own offer book holds every provider: the first question finds them all. */
async function allOffered(apiUrl: string, providers: number): Promise<void> {
  const api = new LocalApi(apiUrl)
  const untilMs = performance.now() + TESTNET_READY_MS_MAX
  while ((await api.offers()).length < providers) {
    if (performance.now() > untilMs) {
      throw new UnavailableError('TESTNET_SLOW', 'the providers did not reach the client in time')
    }
    await sleep(OFFERS_POLL_MS)
  }
}

function tooManyClients(): ConfigError {
  return new ConfigError(
    'TESTNET_SIZE',
    `a test network has ${TESTNET_CLIENTS_MAX} clients at most`,
  )
}

/**
 * A whole network on this machine: an embedded TON, providers and clients, each in a process of its
 * own, made from one seed. Everything listens on loopback only.
 */
import { mkdirSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import type { SettlementDocument } from '#node/gateway/api-schema.ts'
import { LocalApi } from '#node/gateway/local-api-client.ts'
import type { LogLevel } from '#node/log.ts'
import type { NodeEvent } from '#node/roles/events.ts'
import { asCocoonError, UnavailableError } from '#protocol/errors.ts'
import { type ChainHost, fundWallets, startChainHost, type WalletFunding } from './chain-host.ts'
import { writeChainSnapshot } from './chain-snapshot.ts'
import {
  CLOSE_DELAY_S,
  OFFERS_POLL_MS,
  OFFERS_WAIT_MS,
  SETTLE_TIMEOUT_MS,
  TESTNET_GLOBAL_ID,
} from './constants.ts'
import { planTestnet, type TestnetMachines, type TestnetPlan } from './derive.ts'
import { type ChainTotals, type DevchainRpc, devchainRpc } from './devchain-rpc.ts'
import { layOut, type ProcessLayout } from './layout.ts'
import type { NetworkFile } from './network-file.ts'
import type { TestnetModel, TestnetParts } from './parts.ts'
import { type GroupPeer, PeerGroup } from './peer-group.ts'
import { openRunFolder, type RunFolder, writePrivateFile } from './run-folder.ts'
import type { StatusFile } from './status.ts'

export interface TestnetOptions {
  readonly seed: string
  readonly providers: number
  readonly clients: number
  /** What the machines are; mixed with one GPU each when left out. */
  readonly machines?: TestnetMachines
  /** Folder that holds the runs. */
  readonly testnetDir: string
  readonly apiPort: number
  readonly apiPortFallback: boolean
  readonly restart: boolean
  /** Providers claim after each answer, so that its root is seen on the chain; it takes unused credit. */
  readonly claimsAtOnce: boolean
  readonly logLevel: LogLevel
  readonly onEvent: (event: NodeEvent) => void
  readonly parts: TestnetParts
}

export interface RunningTestnet {
  readonly seed: string
  readonly run: RunFolder
  readonly network: NetworkFile
  readonly model: TestnetModel
  readonly chainUrl: string
  readonly apiUrl: string
  readonly wallets: readonly WalletFunding[]
  peers(): readonly GroupPeer[]
  chain(): DevchainRpc
  /** Every client closes its channels cooperatively. */
  settle(): Promise<readonly SettlementDocument[]>
  /** Stops peers, saves the chain, reads its books and stops it. Idempotent. */
  stop(): Promise<ChainTotals>
  /** At once, in no order: for a second Ctrl-C. */
  kill(): void
}

/**
 * Resolves when the first client has heard an offer of every provider.
 * @throws UnavailableError TESTNET_RUNNING, CHILD_EXITED, CHILD_SLOW
 * @throws ConfigError PORT_TAKEN, or what the model's files are refused for
 */
export async function startTestnet(options: TestnetOptions): Promise<RunningTestnet> {
  const plan = planTestnet(options.seed, options.providers, options.clients, options.machines)
  const run = openRunFolder(options.testnetDir, runName(new Date()))
  const started = new Testnet(options, plan, run)
  try {
    await started.start()
    return started
  } catch (error) {
    started.kill()
    run.release()
    throw error
  }
}

/** 20261122-215903, in UTC. */
function runName(now: Date): string {
  return now
    .toISOString()
    .replace(/[-:]|\..*/g, '')
    .replace('T', '-')
}

class Testnet implements RunningTestnet {
  readonly seed: string
  readonly run: RunFolder
  readonly #options: TestnetOptions
  readonly #plan: TestnetPlan
  readonly #group: PeerGroup
  #chain: ChainHost | undefined
  #model: TestnetModel | undefined
  #network: NetworkFile | undefined
  #wallets: readonly WalletFunding[] = []
  #stopped: Promise<ChainTotals> | undefined

  constructor(options: TestnetOptions, plan: TestnetPlan, run: RunFolder) {
    this.seed = plan.seed
    this.run = run
    this.#options = options
    this.#plan = plan
    this.#group = new PeerGroup({
      run,
      peerModule: options.parts.peerModule,
      logLevel: options.logLevel,
      restart: options.restart,
      emit: options.onEvent,
      onChange: () => this.#changed(),
    })
  }

  get network(): NetworkFile {
    return present(this.#network)
  }

  get model(): TestnetModel {
    return present(this.#model)
  }

  get chainUrl(): string {
    return present(this.#chain).url
  }

  get apiUrl(): string {
    return this.#apiUrls()[0] ?? ''
  }

  get wallets(): readonly WalletFunding[] {
    return this.#wallets
  }

  peers = (): readonly GroupPeer[] => this.#group.peers()

  chain = (): DevchainRpc => devchainRpc(this.chainUrl)

  async start(): Promise<void> {
    const [model] = await Promise.all([this.#options.parts.model(), this.#startChain()])
    this.#model = model
    const { apiPort, apiPortFallback } = this.#options
    const layout = layOut({ plan: this.#plan, run: this.run, model, apiPort, apiPortFallback })
    await this.#startPeers(layout)
    await this.#offersOfAll()
  }

  async settle(): Promise<readonly SettlementDocument[]> {
    const settled = await Promise.allSettled(
      this.#apiUrls().map((url) =>
        new LocalApi(url).settle(AbortSignal.timeout(SETTLE_TIMEOUT_MS)),
      ),
    )
    return settled.flatMap((outcome) => {
      if (outcome.status === 'fulfilled') return outcome.value
      this.#warn('SETTLE_FAILED', asCocoonError(outcome.reason).message)
      return []
    })
  }

  stop(): Promise<ChainTotals> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  kill(): void {
    this.#group.kill()
    this.#chain?.child.kill()
  }

  async #stop(): Promise<ChainTotals> {
    try {
      await this.#group.stop()
      const chain = this.chain()
      writeChainSnapshot(this.run.snapshotFile, this.network, await chain.snapshot())
      return await chain.totals()
    } finally {
      await this.#chain?.child.stop()
      this.run.release()
    }
  }

  async #startChain(): Promise<void> {
    const { parts } = this.#options
    this.#chain = await startChainHost(this.run, parts.chainModule, (reason) => {
      if (this.#stopped === undefined) this.#warn('CHAIN_EXITED', `ended with ${reason}`)
    })
    this.#wallets = await fundWallets(this.chainUrl, this.#plan, parts.walletAddress)
  }

  async #startPeers(layout: readonly ProcessLayout[]): Promise<void> {
    for (const { peers } of layout) {
      for (const { dataDir } of peers) mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    }
    const [first, ...others] = layout
    this.#writeNetwork([])
    if (first) await this.#group.start(first.name, first.peers)
    this.#writeNetwork(this.#firstAddresses())
    await Promise.all(others.map(({ name, peers }) => this.#group.start(name, peers)))
    // Now that all run, a newcomer gets several doors.
    this.#writeNetwork(this.#firstAddresses())
  }

  #firstAddresses(): string[] {
    const providers = this.peers().filter(({ role }) => role === 'provider')
    return providers.slice(0, 4).flatMap(({ addresses }) => addresses.slice(0, 1))
  }

  #writeNetwork(bootstrap: readonly string[]): void {
    this.#network = {
      format: 'cocoon-network/1',
      name: `testnet-${this.run.name}`,
      globalId: TESTNET_GLOBAL_ID,
      chainUrl: this.chainUrl,
      bootstrap: [...bootstrap],
      models: [{ ...this.model }],
      simulatedManufacturerSeed: Buffer.from(this.#plan.manufacturerSeed).toString('hex'),
      closeDelay: CLOSE_DELAY_S,
      ...(this.#options.claimsAtOnce ? { claimAboveNano: '0' } : {}),
    }
    writePrivateFile(this.run.networkFile, JSON.stringify(this.#network, undefined, 2))
  }

  async #offersOfAll(): Promise<void> {
    if (this.apiUrl === '') return
    const api = new LocalApi(this.apiUrl)
    const late = AbortSignal.timeout(OFFERS_WAIT_MS)
    let heard = 0
    while (!late.aborted) {
      heard = new Set((await api.offers()).map((offer) => offer.provider)).size
      if (heard >= this.#plan.providers.length) return
      await wait(OFFERS_POLL_MS)
    }
    this.#warn('OFFERS_MISSING', `${heard} of ${this.#plan.providers.length} providers were heard`)
  }

  #changed(): void {
    const status: StatusFile = {
      seed: this.seed,
      network: this.run.networkFile,
      chainUrl: this.chainUrl,
      apiUrl: this.apiUrl,
      peers: this.peers().map(({ name, role, peerId, pid, addresses, dataDir }) => ({
        name,
        role,
        peerId,
        pid,
        addresses,
        dataDir,
      })),
    }
    writePrivateFile(this.run.statusFile, JSON.stringify(status, undefined, 2))
  }

  #apiUrls(): string[] {
    return this.peers().flatMap(({ apiUrl }) => apiUrl ?? [])
  }

  #warn(code: string, message: string): void {
    this.#options.onEvent({ atMs: Date.now(), peer: 'testnet', kind: 'warning', code, message })
  }
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new UnavailableError('NO_TESTNET', 'the testnet has not started')
  return value
}

/** Providers and clients of the in-process network: real roles that can crash and start again. */
import type { Address } from '@ton/core'
import { type AttestationPolicy, policyDigest } from '#attestation/policy/policy.ts'
import type { QuoteSource } from '#attestation/types.ts'
import type { EmbeddingEngine } from '#inference/embedding/engine.ts'
import { Measurements } from '#node/market/measurements.ts'
import type { OfferDiscovery } from '#node/market/offer-discovery.ts'
import { RegistryWatch } from '#node/registry/watch.ts'
import { type AnswerOptions, answerChat } from '#node/roles/client/answer.ts'
import type { SecondOpinion } from '#node/roles/client/attest.ts'
import type { ClientDesk } from '#node/roles/client/channel-desk.ts'
import { Funding } from '#node/roles/client/funding.ts'
import { KeptPromises } from '#node/roles/client/kept-promises.ts'
import { ClientModels } from '#node/roles/client/models.ts'
import { ReceiptFiles } from '#node/roles/client/receipt-files.ts'
import { Sessions } from '#node/roles/client/sessions.ts'
import { settleAll } from '#node/roles/client/settle.ts'
import type { ChatRequest, ChatResult } from '#node/roles/client-service.ts'
import type { NodeEventBody } from '#node/roles/events.ts'
import { ProviderChannels } from '#node/roles/provider/channels.ts'
import { EmbeddingWork } from '#node/roles/provider/embedding-work.ts'
import { Enclave } from '#node/roles/provider/enclave.ts'
import { Provider } from '#node/roles/provider/provider.ts'
import { openLedgerDatabase } from '#node/spending/database.ts'
import { Ledger } from '#node/spending/ledger.ts'
import { type SpendCaps, Spending } from '#node/spending/spending.ts'
import type { PeerStore } from '#node/store/peer-store.ts'
import { openPeerStore } from '#node/store/sqlite-store.ts'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import type { Offer } from '#protocol/market/offer.ts'
import { EMPTY_OFFER_BOOK } from '#protocol/market/offer-book.ts'
import type { AssuranceTier } from '#protocol/market/tier.ts'
import type { UnitPrices } from '#protocol/money.ts'
import { DEFAULT_SEAL_SUITE } from '#protocol/session/seal.ts'
import type { MessageStream, Transport } from '#protocol/transport.ts'
import type { Wallet } from '#settlement/types.ts'
import { type FaultProbe, probedStore, probedStream, probedWallet } from './fault-probe.ts'
import { keyOf, peerRefOf, ROLE_MODEL_ID, type RoleNetwork, trustOf } from './role-harness.ts'
import { createSimulatedEngine, type SimulatedEngine } from './simulated-engine.ts'
import { silentLog } from './test-peers.ts'

/** Odd, so that every sum rounds. */
export const PRICES: UnitPrices = {
  promptNanoPerMtok: 6_172_839n,
  cachedNanoPerMtok: 617_283n,
  completionNanoPerMtok: 12_345_679n,
}
const OFFER_LIFE_MS = 86_400_000

/** Stands between a provider and its clients: a test's attacker. */
export type StreamWrapper = (stream: MessageStream, provider: TestProvider) => MessageStream

export interface TestProviderOptions {
  readonly slotsTotal?: number
  readonly prices?: UnitPrices
  /** Text that greedy requests answer; without it noise, which ends by chance. */
  readonly answer?: string
  readonly probe?: FaultProbe
  /** SIMULATED slowness of its engine: milliseconds of a model call, at least. */
  readonly callMs?: number
  /** SIMULATED stall of its engine after so many model calls, until it falls. */
  readonly callsUntilStall?: number
  /** Whether its engine keeps what it read for a customer; true by default. */
  readonly keepsPrefixes?: boolean
  /** Another peer's, so that runs need not fund one each. */
  readonly walletName?: string
  /** Its ids only spell a text, as those of some upstream servers do. */
  readonly textOnly?: boolean
  /** SIMULATED GPUs; none when left out. */
  readonly gpus?: number
  /** Sells this in place of the simulated engine: the network's model must be its encoder. */
  readonly embedding?: EmbeddingEngine
  /** What makes its quotes; a SIMULATED TDX machine when left out. */
  readonly quotes?: QuoteSource
}

export class TestProvider {
  readonly name: string
  readonly network: RoleNetwork
  readonly dataDir: string
  /** SIMULATED; its info names the network's model. */
  readonly engine: SimulatedEngine
  readonly events: NodeEventBody[] = []
  readonly settlementKey
  readonly #options: TestProviderOptions
  /** Applies to streams opened from now on. */
  wrap: StreamWrapper = (stream) => stream
  provider!: Provider
  enclave!: Enclave
  channels!: ProviderChannels
  store!: PeerStore
  isStopped = false
  #transport!: Transport
  #life = 0

  private constructor(network: RoleNetwork, name: string, options: TestProviderOptions) {
    this.network = network
    this.name = name
    this.dataDir = network.folder()
    this.#options = options
    this.settlementKey = keyOf(`settlement ${name}`)
    const { slotsTotal = 8, answer, keepsPrefixes = true, callMs = 0, callsUntilStall } = options
    const engine = createSimulatedEngine({
      modelId: ROLE_MODEL_ID,
      ...{ slotsTotal, keepsPrefixes, callMs },
      chatTemplate: network.chatTemplate,
      ...(answer === undefined ? {} : { answer }),
      ...(callsUntilStall === undefined ? {} : { callsUntilStall }),
    })
    const { runtimeDigest } = trustOf(network)
    const exactTokenIds = options.textOnly !== true
    const info = { ...engine.info, modelRoot: network.modelRoot, runtimeDigest, exactTokenIds }
    this.engine = { ...engine, info }
  }

  static async start(network: RoleNetwork, name: string, options: TestProviderOptions = {}) {
    const provider = new TestProvider(network, name, options)
    await provider.start()
    return provider
  }

  get identity(): string {
    return toHex(peerRefOf(this.name).identityKey)
  }

  /** Also after a crash: new objects on the same data folder, a new boot of the TEE. */
  async start(): Promise<void> {
    const { network, name, settlementKey } = this
    const { clock, chain, file } = network
    const life = ++this.#life
    this.isStopped = false
    const reach = this.#options.probe?.reach ?? (() => undefined)
    const wallet = probedWallet(
      await network.wallet(this.#options.walletName ?? `provider ${name}`),
      ...(['provider', reach, () => this.#life === life] as const),
    )
    const { policy, manufacturer, nvidia, runtimeDigest } = trustOf(network)
    const { gpus, quotes } = this.#options
    this.store = probedStore(openPeerStore(this.dataDir), 'provider', reach)
    this.#transport = await network.memory.join(peerRefOf(name))
    this.enclave = new Enclave(
      {
        globalId: file.globalId,
        identityKey: peerRefOf(name).identityKey,
        settlementKey: settlementKey.publicKey,
        payoutAddress: wallet.address.toRawString(),
        policyDigest: policyDigest(crypto, policy),
        modelRoot: network.modelRoot,
        runtimeDigest,
      },
      {
        crypto,
        clock,
        chain,
        quotes: quotes ?? manufacturer.machine(name, runtimeDigest),
        gpus: gpus === undefined ? undefined : nvidia?.gpus(name, gpus),
        suite: DEFAULT_SEAL_SUITE,
      },
    )
    this.channels = new ProviderChannels({
      ...{ crypto, clock, store: this.store, chain, settlementKey },
      payoutAddress: wallet.address,
      closeDelayMin: file.closeDelay,
    })
    this.provider = new Provider({
      ...{ crypto, clock, chain, wallet, settlementKey, log: silentLog },
      ...this.#sold(),
      transport: this.#wrapped(this.#transport),
      enclave: this.enclave,
      channels: this.channels,
      stories: this.store,
      prices: this.#options.prices ?? PRICES,
      tier: 'simulated',
      closeDelayMin: file.closeDelay,
      claimAboveNano: undefined,
      addedLatencyMs: 0,
      emit: (event) => this.events.push(event),
      onLoad: () => undefined,
      probe: reach,
    })
    await this.provider.start()
  }

  #sold() {
    const { embedding } = this.#options
    if (embedding === undefined) return { engine: this.engine, tokenizer: this.engine.tokenizer }
    const work = new EmbeddingWork(embedding, crypto)
    return { engine: work, embedder: work, tokenizer: undefined }
  }

  /** As kill -9: the disk stays as it is, streams break, nothing is claimed. */
  async crash(): Promise<void> {
    this.#life++
    this.store.close()
    await this.#transport.stop()
  }

  /** Crash first: what the old objects still try finds a closed store. */
  async restart(): Promise<void> {
    await this.crash()
    await this.start()
  }

  async stop(): Promise<void> {
    await this.provider.stop()
    await this.crash()
    this.isStopped = true
  }

  get codes(): string[] {
    return this.events.flatMap((event) => (event.kind === 'warning' ? [event.code] : []))
  }

  get addresses(): readonly string[] {
    return this.#transport.addresses()
  }

  get sessions(): number {
    return this.provider.sessionCount
  }

  offer(): Offer {
    const { network, engine } = this
    const { identityKey } = peerRefOf(this.name)
    const nowMs = network.clock.nowMs()
    return {
      globalId: network.file.globalId,
      identityKey,
      provider: toHex(identityKey),
      modelRoot: network.modelRoot,
      modelId: ROLE_MODEL_ID,
      prices: this.#options.prices ?? PRICES,
      slotsTotal: engine.info.slotsTotal,
      slotsFree: engine.info.slotsTotal,
      queued: 0,
      tier: 'simulated',
      statementDigest: new Uint8Array(32),
      issuedAtMs: nowMs,
      sequence: 1n,
      expiresAtMs: nowMs + OFFER_LIFE_MS,
      contextTokens: engine.info.contextTokens,
      addresses: this.addresses,
      engine: engine.info.engine,
      textOnly: engine.info.exactTokenIds === false,
      embeddingDimensions: this.#options.embedding?.info.dimensions ?? 0,
    }
  }

  readonly #reach = (point: string): void => this.#options.probe?.reach(point)

  #wrapped(transport: Transport): Transport {
    return {
      ...bound(transport),
      handle: (protocol, handler) =>
        transport.handle(protocol, (stream) =>
          handler(probedStream(this.wrap(stream, this), 'provider', this.#reach)),
        ),
    }
  }
}

export interface TestClientOptions {
  readonly registries?: readonly Address[]
  readonly depositNano?: bigint
  readonly priceCapNano?: bigint
  readonly spendCaps?: SpendCaps
  readonly probe?: FaultProbe
  readonly walletName?: string
  /** Its own policy, made of the network's. */
  readonly policy?: (network: AttestationPolicy) => AttestationPolicy
  readonly secondOpinion?: SecondOpinion
}

export class TestClient {
  readonly name: string
  readonly network: RoleNetwork
  readonly dataDir: string
  readonly events: NodeEventBody[] = []
  /** Besides `events`, at the moment itself. */
  hear: (event: NodeEventBody) => void = () => undefined
  readonly #options: TestClientOptions
  /** In the order in which they are tried. */
  readonly providers: TestProvider[] = []
  sessions!: Sessions
  spending!: Spending
  funding!: Funding
  receipts!: ReceiptFiles
  transport!: Transport
  store!: PeerStore
  wallet!: Wallet
  #life = 0
  #ledger!: ReturnType<typeof openLedgerDatabase>
  #models!: ClientModels
  #measurements!: Measurements

  private constructor(network: RoleNetwork, name: string, options: TestClientOptions) {
    this.network = network
    this.name = name
    this.dataDir = network.folder()
    this.#options = options
  }

  static async start(
    network: RoleNetwork,
    name: string,
    providers: readonly TestProvider[],
    options: TestClientOptions = {},
  ) {
    const client = new TestClient(network, name, options)
    client.providers.push(...providers)
    await client.start()
    return client
  }

  async start(): Promise<void> {
    const { network, name, dataDir } = this
    const { clock, chain, file } = network
    const life = ++this.#life
    const reach = this.#options.probe?.reach ?? (() => undefined)
    const wallet = probedWallet(
      await network.wallet(this.#options.walletName ?? `client ${name}`),
      ...(['client', reach, () => this.#life === life] as const),
    )
    const { anchors, policy: networkPolicy } = trustOf(network)
    const policy = this.#options.policy?.(networkPolicy) ?? networkPolicy
    const { secondOpinion } = this.#options
    const store = probedStore(openPeerStore(dataDir), 'client', reach)
    const transport = this.#wrapped(await network.memory.join(peerRefOf(name)), reach)
    this.wallet = wallet
    const emit = this.#emit
    const base = { crypto, clock, store, chain, wallet, emit }
    const { depositNano = 1_000_000_000n, registries = [] } = this.#options
    this.store = store
    this.transport = transport
    this.#measurements = new Measurements(clock)
    this.#models = new ClientModels(file, crypto)
    this.receipts = new ReceiptFiles({ ...base, policy, dataDir, modelName: () => ROLE_MODEL_ID })
    this.funding = new Funding({ ...base, depositNano, closeDelay: file.closeDelay })
    const kept = new KeptPromises(store)
    this.#ledger = openLedgerDatabase(dataDir)
    const ledger = new Ledger(this.#ledger)
    ledger.recover()
    this.spending = new Spending(ledger, clock, this.#options.spendCaps ?? {})
    const { funding, receipts } = this
    this.sessions = new Sessions({
      ...{ ...base, transport, anchors, policy, funding, receipts, kept, secondOpinion },
      revocations: new RegistryWatch({ ...base, policy, addresses: registries }),
      probe: reach,
    })
  }

  readonly #emit = (event: NodeEventBody): void => {
    this.events.push(event)
    this.hear(event)
  }

  async crash(): Promise<void> {
    this.#life++
    this.store.close()
    if (this.#ledger.isOpen) this.#ledger.close()
    await this.transport.stop()
  }

  #wrapped(transport: Transport, reach: (point: string) => void): Transport {
    return {
      ...bound(transport),
      openStream: async (...parameters) =>
        probedStream(await transport.openStream(...parameters), 'client', reach),
    }
  }

  async restart(): Promise<void> {
    await this.crash()
    await this.start()
  }

  async stop(): Promise<void> {
    await this.sessions.stop()
    await this.crash()
  }

  /** Forgets failures, so that the next chat tries its providers again. */
  forgive(): void {
    this.#measurements = new Measurements(this.network.clock)
  }

  get codes(): string[] {
    return this.events.flatMap((event) => (event.kind === 'warning' ? [event.code] : []))
  }

  get desk(): ClientDesk {
    const desk = this.funding.desks.at(-1)
    if (desk === undefined) throw new Error('this client has no channel')
    return desk
  }

  /** The names of steps that failed, over all verdicts. */
  get failedSteps(): string[] {
    return this.events.flatMap((event) =>
      event.kind === 'verdict'
        ? event.steps.filter(({ status }) => status === 'failed').map(({ name }) => name)
        : [],
    )
  }

  target(provider: TestProvider, tierMin: AssuranceTier = 'simulated') {
    const { identityKey, peerId } = peerRefOf(provider.name)
    const { modelRoot } = this.network
    const { addresses } = provider
    return { provider: toHex(identityKey), peerId, addresses, modelRoot, tierMin }
  }

  /** What answers and vectors are asked for with. */
  parts() {
    const { clock } = this.network
    const { sessions, funding, receipts } = this
    const offers = () => this.providers.map((provider) => provider.offer())
    const discovery: OfferDiscovery = {
      measurements: this.#measurements,
      book: () => EMPTY_OFFER_BOOK,
      offers,
      refresh: async () => offers(),
      stop: async () => undefined,
    }
    return {
      ...{ crypto, clock, models: this.#models, discovery, sessions, funding, receipts },
      store: this.store,
      priceCapNano: this.#options.priceCapNano,
      spending: this.spending,
      emit: this.#emit,
    }
  }

  chatEvents(
    request: Partial<ChatRequest> = {},
    signal = new AbortController().signal,
    options: AnswerOptions = {},
  ) {
    return answerChat(this.parts(), { ...CHAT, ...request }, signal, options)
  }

  async chat(request: Partial<ChatRequest> = {}): Promise<ChatResult> {
    for await (const event of this.chatEvents(request)) {
      if (event.kind === 'done') return event.result
    }
    throw new Error('an answer without an end')
  }

  async settle() {
    const { chain } = this.network
    const { wallet } = this
    const emit = this.#emit
    return settleAll({
      ...{ chain, wallet, funding: this.funding, receipts: this.receipts, emit },
      sessionOf: async (desk) => {
        const known = await this.sessions.ofChannel(desk.address)
        if (known !== undefined) return known
        const identity = this.funding.providerOf(desk)
        const provider = this.providers.find((one) => one.identity === identity)
        if (provider === undefined) throw new Error('a channel of nobody')
        return (await this.sessions.get(this.target(provider))).session
      },
    })
  }
}

export const CHAT: ChatRequest = {
  model: ROLE_MODEL_ID,
  messages: [{ role: 'user', content: 'hello the world' }],
  maxTokens: 40,
  temperature: 0,
  topP: 1,
  seed: 1n,
  stop: [],
}

/** The methods of a class instance as a plain object, so that one of them can be replaced. */
function bound(transport: Transport): Transport {
  return {
    self: transport.self,
    addresses: () => transport.addresses(),
    peers: () => transport.peers(),
    openStream: (...parameters) => transport.openStream(...parameters),
    handle: (...parameters) => transport.handle(...parameters),
    subscribe: (...parameters) => transport.subscribe(...parameters),
    publish: (...parameters) => transport.publish(...parameters),
    provide: (...parameters) => transport.provide(...parameters),
    findProviders: (...parameters) => transport.findProviders(...parameters),
    stop: () => transport.stop(),
  }
}

/** A provider: its engine, its enclave, its channels, the market it sells on. */
import { policyDigest } from '#attestation/policy/policy.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import type { Ed25519KeyPair } from '#protocol/crypto/port.ts'
import { DEFAULT_SEAL_SUITE } from '#protocol/session/seal.ts'
import { auditStore } from '../audit/audit.ts'
import { systemClock as clock } from '../clock.ts'
import { chooseGpus } from '../evidence/gpu-evidence.ts'
import { openMachine } from '../evidence/machine.ts'
import { startJobWorker } from '../market/job-worker.ts'
import { startOfferPublisher } from '../market/offer-publisher.ts'
import type { WholeModel } from '../models/shared-model.ts'
import { startServing } from '../models/start-serving.ts'
import type { ProviderOptions, RunningProvider } from '../roles/peer-options.ts'
import { ProviderChannels } from '../roles/provider/channels.ts'
import { Enclave, type EnclaveEpoch } from '../roles/provider/enclave.ts'
import { marketEvents } from '../roles/provider/market-events.ts'
import { offerMarks } from '../roles/provider/offer-marks.ts'
import { Provider } from '../roles/provider/provider.ts'
import type { WorkMeter } from '../roles/provider/work-meter.ts'
import { BidLog } from '../status/bid-log.ts'
import { providerStatus } from '../status/role-status.ts'
import type { ProviderStatus } from '../status/status-document.ts'
import { moneyOf } from '../wallet/money.ts'
import { readServedStories } from '../why/read-stories.ts'
import { type ProviderEngine, startEngine } from './engine.ts'
import { type ComposedPeer, cleanedUp, composePeer, connectionStatus } from './peer.ts'
import { openQuotes, tierOf } from './tier.ts'

type OfferPublisher = Awaited<ReturnType<typeof startOfferPublisher>>

/**
 * A provider with its engine in a child process, or behind an upstream server.
 * @throws ConfigError, UnavailableError of its parts; what was started is stopped again
 */
export function composeProvider(options: ProviderOptions): Promise<RunningProvider> {
  return cleanedUp((cleanup) => compose(options, cleanup))
}

async function compose(
  options: ProviderOptions,
  cleanup: AsyncDisposableStack,
): Promise<RunningProvider> {
  const peer = await composePeer(options, cleanup)
  const { transport, chain, wallet, store, hub } = peer
  const { log, network, addedLatencyMs } = options
  let publisher: OfferPublisher | undefined
  const opened = await startEngine(options, cleanup, () => publisher?.changed())
  const { work: engine, tokenizer, model } = opened
  const { embedder } = engine
  const prices = embedder === undefined ? options.prices : withoutCompletion(options.prices)
  const settlementKey = crypto.ed25519FromSeed(options.settlementSeed)
  const { enclave, tier } = await openEnclave(options, peer, opened, settlementKey)
  const { closeDelay, claimAboveNano } = network
  const base = { transport, crypto, clock, chain, wallet, settlementKey, log }
  const channels = new ProviderChannels({
    ...base,
    store,
    payoutAddress: wallet.address,
    closeDelayMin: closeDelay,
  })
  const provider = new Provider({
    ...{
      ...base,
      engine,
      tokenizer,
      embedder,
      enclave,
      channels,
      prices,
      tier,
    },
    closeDelayMin: closeDelay,
    claimAboveNano: claimAboveNano === undefined ? undefined : BigInt(claimAboveNano),
    addedLatencyMs,
    stories: store,
    emit: hub.emit,
    onLoad: () => publisher?.changed(),
  })
  const current: { epoch: EnclaveEpoch } = { epoch: await enclave.epoch() }
  enclave.onEpoch((epoch) => {
    current.epoch = epoch
    publisher?.changed()
  })
  await provider.start()
  cleanup.defer(() => provider.stop())
  if (model !== undefined) await shareModel(options, peer, model, cleanup)
  const market = await startMarket(options, peer, { engine, provider, current }, cleanup)
  publisher = market.publisher
  return {
    peerId: transport.self.peerId,
    addresses: transport.addresses(),
    status: () => ({
      ...connectionStatus(peer),
      money: moneyOf({
        balanceNano: peer.balance(),
        channels: channels.all().map(({ state }) => state),
      }),
      provider: providerStatus({
        ...{ provider, work: engine, channels, tier, upstream: opened.upstream() },
        ...{ bids: market.bids, offer: market.offer() },
      }),
      client: null,
    }),
    servedStories: () => readServedStories(store),
    audit: () => auditStore({ crypto, chain, store }),
    drain(limit) {
      engine.drain()
      publisher?.changed()
      return provider.drain(limit)
    },
    stop: () => cleanup.disposeAsync(),
  }
}

/** Vectors are no tokens: an embedding is its prompt alone. */
function withoutCompletion(prices: ProviderOptions['prices']): ProviderOptions['prices'] {
  return { ...prices, completionNanoPerMtok: 0n }
}

/** The keys that live in the TEE, and what shows where they live. */
async function openEnclave(
  options: ProviderOptions,
  { transport, chain, wallet, trust, globalId }: ComposedPeer,
  { place, work }: ProviderEngine,
  settlementKey: Ed25519KeyPair,
) {
  const { policy } = trust
  const { modelRoot, runtimeDigest } = work.info
  const identityKeys = crypto.ed25519FromSeed(options.identitySeed)
  const { tee, gpus: gpuCount } = options
  const quotes = await openQuotes(
    crypto,
    { place, tee, gpus: gpuCount, identity: identityKeys },
    () => {
      const machine = { ...options, tee: tee ?? 'auto', runtimeDigest, globalId, trust }
      return openMachine(machine, { crypto, clock, transport })
    },
  )
  const hasTee = quotes.tee !== 'none'
  const simulated = gpuCount ? trust.nvidia?.gpus(options.name, gpuCount) : undefined
  const gpus = hasTee ? chooseGpus(crypto, { policy, tee: quotes.tee, simulated }) : undefined
  const identity = {
    globalId,
    identityKey: identityKeys.publicKey,
    settlementKey: settlementKey.publicKey,
    payoutAddress: wallet.address.toRawString(),
    // Without a TEE no policy is met, and none is claimed.
    policyDigest: hasTee ? policyDigest(crypto, policy) : new Uint8Array(32),
    modelRoot,
    runtimeDigest,
  }
  const suite = DEFAULT_SEAL_SUITE
  const enclave = new Enclave(identity, { crypto, clock, chain, quotes, gpus, suite })
  return { enclave, tier: tierOf(quotes) }
}

/** The files of the model that it sells, to those who ask for them. */
async function shareModel(
  { log, dataDir, modelFolder, share }: ProviderOptions,
  { transport }: ComposedPeer,
  model: WholeModel,
  cleanup: AsyncDisposableStack,
): Promise<void> {
  const stopped = new AbortController()
  cleanup.defer(() => stopped.abort())
  const parts = { transport, crypto, clock, log, dataDir }
  await startServing(parts, { model, folder: modelFolder }, share, stopped.signal)
}

/** Offers out, bids on the jobs of others. */
async function startMarket(
  { log, identitySeed }: ProviderOptions,
  { transport, store, hub, globalId }: ComposedPeer,
  role: {
    readonly engine: WorkMeter
    readonly provider: Provider
    readonly current: { readonly epoch: EnclaveEpoch }
  },
  cleanup: AsyncDisposableStack,
) {
  const { engine, provider, current } = role
  const identity = crypto.ed25519FromSeed(identitySeed)
  const market = { transport, crypto, identity, clock, globalId, log }
  let offer: ProviderStatus['offer'] = null
  const publisher = await startOfferPublisher({
    ...market,
    marks: offerMarks(store),
    statements: () => provider.statements(current.epoch),
    onPublished: ({ sequence, issuedAtMs, expiresAtMs }) => {
      offer = { sequence: `${sequence}`, atMs: issuedAtMs, expiresAtMs }
    },
  })
  const bids = new BidLog(clock)
  const tellOwner = marketEvents(hub.emit)
  const worker = startJobWorker({
    ...market,
    modelRoots: [engine.info.modelRoot],
    bidder: () => provider.bidder(current.epoch),
    onEvent: (event) => {
      bids.hear(event)
      tellOwner(event)
    },
  })
  cleanup.defer(() => worker.stop())
  cleanup.defer(() => publisher.stop())
  return { publisher, bids, offer: () => offer }
}

/**
 * The composition root: the only place that knows every room. A new TEE, engine or chain is one folder
 * and one line here.
 */

import { Address } from '@ton/core'
import { policyDigest } from '#attestation/policy/policy.ts'
import { loadChatTokenizer } from '#inference/model/chat-tokenizer.ts'
import { readModel } from '#inference/model/read-model.ts'
import { createOnnxEngine } from '#inference/onnx/onnx-engine.ts'

import { fromHex, toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { ConfigError, UnavailableError } from '#protocol/errors.ts'
import { DEFAULT_SEAL_SUITE } from '#protocol/session/seal.ts'
import type { Wallet } from '#settlement/types.ts'
import { walletAddress } from '#settlement/wallet/body.ts'
import { seedSigner } from '#settlement/wallet/signer.ts'
import { openWallet, type WalletOptions } from '#settlement/wallet/wallet.ts'
import { sleep } from './async.ts'
import { auditStore } from './audit/audit.ts'
import { openChain } from './chain/open-chain.ts'
import { systemClock as clock } from './clock.ts'
import { serveCollateral } from './collateral/peers.ts'
import { seenCollateral } from './collateral/seen.ts'
import { chooseGpus } from './evidence/gpu-evidence.ts'
import { openMachine } from './evidence/machine.ts'
import { Nras } from './evidence/nras.ts'
import { logEvent } from './log-event.ts'
import { startJobClient } from './market/job-client.ts'
import { startJobWorker } from './market/job-worker.ts'
import { startOfferDiscovery } from './market/offer-discovery.ts'
import { startOfferPublisher } from './market/offer-publisher.ts'
import { createLibp2pTransport } from './network/libp2p-transport.ts'
import { RegistryWatch } from './registry/watch.ts'
import { answerChat } from './roles/client/answer.ts'
import { createClientService } from './roles/client/client.ts'
import { Funding } from './roles/client/funding.ts'
import { ClientJobs } from './roles/client/jobs.ts'
import { KeptPromises } from './roles/client/kept-promises.ts'
import { ClientModels } from './roles/client/models.ts'
import { ReceiptFiles } from './roles/client/receipt-files.ts'
import { Sessions } from './roles/client/sessions.ts'
import { EventHub } from './roles/event-hub.ts'
import type {
  ClientOptions,
  PeerOptions,
  ProviderOptions,
  RunningClient,
  RunningPeer,
} from './roles/peer-options.ts'
import { ProviderChannels } from './roles/provider/channels.ts'
import { Enclave, type EnclaveEpoch } from './roles/provider/enclave.ts'
import { marketEvents } from './roles/provider/market-events.ts'
import { offerMarks } from './roles/provider/offer-marks.ts'
import { Provider } from './roles/provider/provider.ts'
import { WorkMeter } from './roles/provider/work-meter.ts'
import { openLedgerDatabase } from './spending/database.ts'
import { Ledger } from './spending/ledger.ts'
import { Spending } from './spending/spending.ts'
import { BidLog } from './status/bid-log.ts'
import { clientStatus, providerStatus } from './status/role-status.ts'
import type { ProviderStatus } from './status/status-document.ts'
import { openPeerStore } from './store/sqlite-store.ts'
import { networkTrust } from './trust.ts'
import { BALANCE_AGE_MS_MAX } from './wallet/constants.ts'
import { DepositCaps } from './wallet/deposit-caps.ts'
import { journalFile } from './wallet/journal-file.ts'
import { lastKnown } from './wallet/last-known.ts'
import { moneyOf } from './wallet/money.ts'

/**
 * A provider with its engine in a child process.
 * @throws ConfigError, UnavailableError of its parts; what was started is stopped again
 */
export async function composeProvider(options: ProviderOptions): Promise<RunningPeer> {
  const cleanup = new AsyncDisposableStack()
  try {
    const common = await composePeer(options, cleanup)
    const { transport, chain, wallet, store, hub, trust, globalId } = common
    const { log, network, prices } = options
    const { policy } = trust
    const model = network.models.find((one) => one.id === options.modelId)
    const onnx = cleanup.use(
      await createOnnxEngine({
        folder: options.modelFolder,
        modelId: options.modelId,
        slotsTotal: options.slotsTotal,
        clock,
        log: (event, data) => log.info(data, event),
        ...(model === undefined ? {} : { expectedRoot: fromHex(model.root) }),
      }),
    )
    const engine = new WorkMeter(onnx, clock)
    const { files } = await readModel(options.modelFolder, crypto)
    const settlementKey = crypto.ed25519FromSeed(options.settlementSeed)
    const identity = crypto.ed25519FromSeed(options.identitySeed)
    const { runtimeDigest } = engine.info
    const machine = { ...options, tee: options.tee ?? 'auto', runtimeDigest, globalId, trust }
    const quotes = await openMachine(machine, { crypto, clock, transport })
    const isSimulated = quotes.tee.startsWith('simulated')
    const simulatedGpus = options.gpus ? trust.nvidia?.gpus(options.name, options.gpus) : undefined
    const gpus = chooseGpus(crypto, { policy, tee: quotes.tee, simulated: simulatedGpus })
    const enclave = new Enclave(
      {
        globalId,
        identityKey: identity.publicKey,
        settlementKey: settlementKey.publicKey,
        payoutAddress: wallet.address.toRawString(),
        policyDigest: policyDigest(crypto, policy),
        modelRoot: engine.info.modelRoot,
        runtimeDigest,
      },
      {
        crypto,
        clock,
        chain,
        quotes,
        gpus,
        suite: DEFAULT_SEAL_SUITE,
      },
    )
    const channels = new ProviderChannels({
      crypto,
      clock,
      store,
      chain,
      settlementKey,
      payoutAddress: wallet.address,
      closeDelayMin: network.closeDelay,
    })
    let publisher: Awaited<ReturnType<typeof startOfferPublisher>> | undefined
    const provider = new Provider({
      transport,
      crypto,
      clock,
      chain,
      wallet,
      engine,
      tokenizer: loadChatTokenizer(files),
      enclave,
      channels,
      settlementKey,
      prices,
      tier: isSimulated ? 'simulated' : 'confidential',
      closeDelayMin: network.closeDelay,
      claimAboveNano:
        network.claimAboveNano === undefined ? undefined : BigInt(network.claimAboveNano),
      addedLatencyMs: options.addedLatencyMs,
      emit: hub.emit,
      log,
      onLoad: () => publisher?.changed(),
    })
    const current: { epoch: EnclaveEpoch } = { epoch: await enclave.epoch() }
    enclave.onEpoch((epoch) => {
      current.epoch = epoch
      publisher?.changed()
    })
    await provider.start()
    cleanup.defer(() => provider.stop())
    const market = { transport, crypto, identity, clock, globalId, log }
    let offer: ProviderStatus['offer'] = null
    publisher = await startOfferPublisher({
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
    cleanup.defer(() => publisher?.stop())
    return {
      peerId: transport.self.peerId,
      addresses: transport.addresses(),
      status: () => ({
        ...connectionStatus(common),
        money: moneyOf({
          balanceNano: common.balance(),
          channels: channels.all().map(({ state }) => state),
        }),
        provider: providerStatus({
          ...{ provider, work: engine, channels, bids, offer },
          tier: isSimulated ? 'simulated' : 'confidential',
        }),
        client: null,
      }),
      audit: () => auditStore({ crypto, chain, store }),
      drain(limit) {
        engine.drain()
        publisher?.changed()
        return provider.drain(limit)
      },
      stop: () => cleanup.disposeAsync(),
    }
  } catch (error) {
    await cleanup.disposeAsync()
    throw error
  }
}

/** @throws ConfigError, UnavailableError of its parts; what was started is stopped again */
export async function composeClient(options: ClientOptions): Promise<RunningClient> {
  const cleanup = new AsyncDisposableStack()
  try {
    const { log, network, dataDir } = options
    const ledgerDatabase = openLedgerDatabase(dataDir)
    cleanup.defer(() => ledgerDatabase.close())
    const ledger = new Ledger(ledgerDatabase)
    ledger.recover()
    const spending = new Spending(ledger, clock, options.spendCaps ?? {})
    const deposits = new DepositCaps(ledger, clock, options.depositLimits ?? {})
    const common = await composePeer(options, cleanup, deposits)
    const { transport, chain, wallet, store, hub, trust, globalId } = common
    const { emit } = hub
    const models = new ClientModels(network, crypto)
    const modelRoots = models.all.map((model) => model.root)
    const market = { transport, crypto, clock, globalId, log }
    const discovery = startOfferDiscovery({
      ...market,
      modelRoots,
      onOffer: (offer) =>
        emit({
          kind: 'offer',
          provider: offer.provider,
          modelId: offer.modelId,
          sequence: `${offer.sequence}`,
          completionNanoPerMtok: `${offer.prices.completionNanoPerMtok}`,
          slotsFree: offer.slotsFree,
        }),
    })
    cleanup.defer(() => discovery.stop())
    const auctions = await startJobClient(market)
    cleanup.defer(() => auctions.stop())
    const modelName = (rootHex: string): string =>
      models.all.find((model) => model.rootHex === rootHex)?.id ?? rootHex
    const { anchors, policy } = trust
    const receipts = new ReceiptFiles({ crypto, clock, store, policy, dataDir, emit, modelName })
    const { closeDelay } = network
    const { depositNano, priceCapNano } = options
    const base = { crypto, clock, store, chain, wallet, emit }
    const funding = new Funding({ ...base, depositNano, closeDelay })
    const kept = new KeptPromises(store)
    const nras = new Nras({ crypto, baseUrl: options.nrasUrl })
    const collateral = seenCollateral({ crypto, clock, anchors, dataDir })
    await serveCollateral({ transport, crypto }, collateral.offered)
    const addresses = (options.registries ?? []).map((raw) => Address.parseRaw(raw))
    const revocations = new RegistryWatch({ ...base, policy, addresses })
    const sessions = new Sessions({
      ...{ ...base, transport, anchors, policy, funding, receipts, kept, collateral },
      revocations,
      secondOpinion: (gpuEvidence, nowMs) => nras.about(gpuEvidence, nowMs),
    })
    cleanup.defer(() => sessions.stop())
    const answering = {
      ...base,
      models,
      discovery,
      sessions,
      funding,
      receipts,
      priceCapNano,
      spending,
    }
    const jobs = new ClientJobs({
      ...base,
      models,
      auctions,
      dataDir,
      offers: (modelRoot) => discovery.offers(modelRoot),
      chatWith: (only, request, signal, onSpent) =>
        answerChat(answering, request, signal, { only, onSpent }),
    })
    cleanup.defer(() => jobs.stop())
    const stop = (): Promise<void> => cleanup.disposeAsync()
    const { name } = options
    const service = createClientService({ ...answering, name, transport, jobs, hub, stop, ...base })
    return {
      peerId: transport.self.peerId,
      addresses: transport.addresses(),
      status: () => ({
        ...connectionStatus(common),
        money: moneyOf({
          balanceNano: common.balance(),
          channels: funding.desks.map(({ state }) => state),
          spending: spending.view(),
          deposits: deposits.view(),
        }),
        provider: null,
        client: clientStatus(
          discovery,
          funding.desks.map(({ state }) => state),
        ),
      }),
      audit: () => service.audit(),
      // Its work comes in through the API, which drains before it (node/testnet/run-peer.ts).
      drain: async () => undefined,
      stop,
      service,
      ledger: ledgerDatabase,
    }
  } catch (error) {
    await cleanup.disposeAsync()
    throw error
  }
}

function connectionStatus({ transport, wallet }: Awaited<ReturnType<typeof composePeer>>) {
  return {
    peers: transport.peers().length,
    inbound: transport.inboundCount(),
    wallet: wallet.address.toRawString(),
  }
}

/** What both roles stand on: disk, chain, wallet, network. */
async function composePeer(
  options: PeerOptions & Pick<ClientOptions, 'light' | 'ownPolicy'>,
  cleanup: AsyncDisposableStack,
  caps?: DepositCaps,
) {
  const { name, network, dataDir, identitySeed, log } = options
  const { globalId } = network
  const { metrics } = options
  const hub = new EventHub(clock, name, (body) => {
    options.emit(body)
    metrics?.observe(body)
    logEvent(log, body)
  })
  const store = openPeerStore(dataDir)
  cleanup.defer(() => store.close())
  const { access, reader: chain } = openChain(network, clock)
  const wallet = await recoveredWallet(options, { access, crypto, clock, sleep, caps })
  const latest = await chain.latestBlock()
  const trust = networkTrust(network, crypto, latest.time * 1000, options.ownPolicy)
  const transport = await createLibp2pTransport({
    identitySeed,
    listen: options.light ? [] : (options.listen ?? ['/ip4/127.0.0.1/tcp/0']),
    bootstrap: network.bootstrap,
    mode: options.light ? 'light' : 'full',
    globalId,
    log,
    ...(metrics === undefined ? {} : { metrics: metrics.host }),
  })
  cleanup.defer(() => transport.stop())
  log.info({ peerId: transport.self.peerId, key: toHex(transport.self.identityKey) }, 'started')
  const balance = lastKnown(() => wallet.balance(), clock, BALANCE_AGE_MS_MAX)
  return { hub, store, chain, wallet, balance, trust, transport, globalId }
}

/**
 * What a former process left in flight is settled before anything reads the chain to decide what to pay.
 * @throws ConfigError WALLET_MISSING, WALLET_JOURNAL
 */
async function recoveredWallet(
  { signer, walletSeed, dataDir, log }: PeerOptions,
  parts: Omit<WalletOptions, 'signer' | 'journal'>,
): Promise<Wallet> {
  const signs = signer ?? (walletSeed === undefined ? undefined : seedSigner(crypto, walletSeed))
  if (signs === undefined) throw new ConfigError('WALLET_MISSING', 'this peer has no wallet')
  const address = walletAddress(signs.publicKey, parts.access.globalId)
  const wallet = openWallet({ ...parts, signer: signs, journal: journalFile(dataDir, address) })
  try {
    const found = await wallet.recover()
    if (found !== 'nothing') log.warn({ found }, 'a payment was in flight when this peer ended')
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error
    log.warn({ code: error.code }, 'a payment of an earlier run is still in flight')
  }
  return wallet
}

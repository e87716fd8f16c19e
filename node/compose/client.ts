/** A client: the market it buys on, the money it spends, the sessions it keeps. */
import path from 'node:path'
import { Address } from '@ton/core'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import type { ChainReader, Wallet } from '#settlement/types.ts'
import { systemClock as clock } from '../clock.ts'
import { serveCollateral } from '../collateral/peers.ts'
import { seenCollateral } from '../collateral/seen.ts'
import { Nras } from '../evidence/nras.ts'
import { startJobClient } from '../market/job-client.ts'
import { startOfferDiscovery } from '../market/offer-discovery.ts'
import { TokenizerFiles } from '../models/tokenizer-files.ts'
import { RegistryWatch } from '../registry/watch.ts'
import { answerChat } from '../roles/client/answer.ts'
import { createClientService } from '../roles/client/client.ts'
import { Funding } from '../roles/client/funding.ts'
import { ClientJobs } from '../roles/client/jobs.ts'
import { KeptPromises } from '../roles/client/kept-promises.ts'
import { ClientModels } from '../roles/client/models.ts'
import { ReceiptFiles } from '../roles/client/receipt-files.ts'
import { Sessions } from '../roles/client/sessions.ts'
import type { EmitEvent } from '../roles/events.ts'
import type { ClientOptions, RunningClient } from '../roles/peer-options.ts'
import { openLedgerDatabase } from '../spending/database.ts'
import { Ledger } from '../spending/ledger.ts'
import { Spending } from '../spending/spending.ts'
import { clientStatus } from '../status/role-status.ts'
import type { PeerStore } from '../store/peer-store.ts'
import { DepositCaps } from '../wallet/deposit-caps.ts'
import { moneyOf } from '../wallet/money.ts'
import { type ComposedPeer, cleanedUp, composePeer, connectionStatus } from './peer.ts'

/** @throws ConfigError, UnavailableError of its parts; what was started is stopped again */
export function composeClient(options: ClientOptions): Promise<RunningClient> {
  return cleanedUp((cleanup) => compose(options, cleanup))
}

async function compose(
  options: ClientOptions,
  cleanup: AsyncDisposableStack,
): Promise<RunningClient> {
  const budget = openBudget(options, cleanup)
  const peer = await composePeer(options, cleanup, budget.deposits)
  const { transport, chain, wallet, store, hub } = peer
  const base: ClientBase = { crypto, clock, store, chain, wallet, emit: hub.emit }
  const tokenizers = new TokenizerFiles(
    { transport, crypto },
    path.join(options.dataDir, 'tokenizers'),
  )
  const models = new ClientModels(options.network, crypto, tokenizers)
  const { discovery, auctions } = await startMarket(options, peer, models, cleanup)
  const funding = new Funding({
    ...base,
    depositNano: options.depositNano,
    closeDelay: options.network.closeDelay,
  })
  const { sessions, receipts } = await openSessions(options, peer, base, { models, funding })
  cleanup.defer(() => sessions.stop())
  const { spending } = budget
  const { priceCapNano, dataDir, name } = options
  const parts = { models, discovery, sessions, funding, receipts, priceCapNano, spending }
  const answering = { ...base, ...parts }
  const jobs = new ClientJobs({
    ...{ ...base, models, auctions, dataDir },
    offers: (modelRoot) => discovery.offers(modelRoot),
    chatWith: (only, request, signal, onSpent) =>
      answerChat(answering, request, signal, { only, onSpent }),
  })
  cleanup.defer(() => jobs.stop())
  const stop = (): Promise<void> => cleanup.disposeAsync()
  const service = createClientService({ ...answering, name, transport, jobs, hub, stop })
  const states = () => funding.desks.map(({ state }) => state)
  return {
    peerId: transport.self.peerId,
    addresses: transport.addresses(),
    status: () => ({
      ...connectionStatus(peer),
      money: moneyOf({
        balanceNano: peer.balance(),
        channels: states(),
        spending: spending.view(),
        deposits: budget.deposits.view(),
      }),
      provider: null,
      client: clientStatus(discovery, sessions, states()),
    }),
    audit: () => service.audit(),
    // Its work comes in through the API, which drains before it (node/testnet/run-peer.ts).
    drain: async () => undefined,
    stop,
    service,
    ledger: budget.database,
  }
}

interface ClientBase {
  readonly crypto: typeof crypto
  readonly clock: typeof clock
  readonly store: PeerStore
  readonly chain: ChainReader
  readonly wallet: Wallet
  readonly emit: EmitEvent
}

/** What may be spent, and what was: a database of its own, beside the store. */
function openBudget(options: ClientOptions, cleanup: AsyncDisposableStack) {
  const database = openLedgerDatabase(options.dataDir)
  cleanup.defer(() => database.close())
  const ledger = new Ledger(database)
  ledger.recover()
  return {
    database,
    spending: new Spending(ledger, clock, options.spendCaps ?? {}),
    deposits: new DepositCaps(ledger, clock, options.depositLimits ?? {}),
  }
}

async function startMarket(
  { log }: ClientOptions,
  { transport, globalId, hub }: ComposedPeer,
  models: ClientModels,
  cleanup: AsyncDisposableStack,
) {
  const market = { transport, crypto, clock, globalId, log }
  const discovery = startOfferDiscovery({
    ...market,
    modelRoots: models.all.map((model) => model.root),
    onOffer: (offer) =>
      hub.emit({
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
  return { discovery, auctions }
}

/** Sessions and what decides whether a provider may have one: policy, collateral, revocations. */
async function openSessions(
  options: ClientOptions,
  { transport, trust: { anchors, policy } }: ComposedPeer,
  base: ClientBase,
  { models, funding }: { readonly models: ClientModels; readonly funding: Funding },
) {
  const { dataDir } = options
  const modelName = (rootHex: string): string =>
    models.all.find((model) => model.rootHex === rootHex)?.id ?? rootHex
  const receipts = new ReceiptFiles({ ...base, policy, dataDir, modelName })
  const kept = new KeptPromises(base.store)
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
  return { sessions, receipts }
}

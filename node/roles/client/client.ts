/** A running client: everything that the local API and the command line ask for, in one service. */
import { AsyncQueue } from '#node/async.ts'
import { auditStore } from '#node/audit/audit.ts'
import type { OfferDiscovery } from '#node/market/offer-discovery.ts'
import { peerIdOf } from '#node/network/peer-ids.ts'
import type { PeerStore } from '#node/store/peer-store.ts'
import { readStories } from '#node/why/read-stories.ts'
import { fromHex, toHex } from '#protocol/bytes.ts'
import { ConfigError, UnavailableError } from '#protocol/errors.ts'
import type { Offer } from '#protocol/market/offer.ts'
import type { Transport } from '#protocol/transport.ts'
import type { ChainReader, Wallet } from '#settlement/types.ts'
import { channelView } from '../channel-view.ts'
import type {
  ChatEvent,
  ChatRequest,
  ClientService,
  ModelKind,
  ModelView,
  OfferView,
  ReceiptView,
} from '../client-service.ts'
import { EVENT_QUEUE_MAX } from '../constants.ts'
import type { EventHub } from '../event-hub.ts'
import { answerChat } from './answer.ts'
import type { AnswerComponents } from './answer-progress.ts'
import type { ClientDesk } from './channel-desk.ts'
import { answerEmbedding, estimateEmbedding } from './embedding.ts'
import { estimateChat } from './estimate.ts'
import type { Funding } from './funding.ts'
import type { ClientJobs } from './jobs.ts'
import type { ClientModels } from './models.ts'
import type { ReceiptFiles } from './receipt-files.ts'
import type { ClientSession } from './session.ts'
import type { Sessions } from './sessions.ts'
import { settleAll } from './settle.ts'

export interface ClientComponents extends AnswerComponents {
  readonly name: string
  readonly transport: Transport
  readonly chain: ChainReader
  readonly wallet: Wallet
  readonly store: PeerStore
  readonly models: ClientModels
  readonly discovery: OfferDiscovery
  readonly sessions: Sessions
  readonly funding: Funding
  readonly receipts: ReceiptFiles
  readonly jobs: ClientJobs
  readonly hub: EventHub
  /** Stops what was composed, in the reverse order of its start. */
  readonly stop: () => Promise<void>
}

export function createClientService(parts: ClientComponents): ClientService {
  const { name, transport, wallet, models, discovery, store, funding, jobs, hub, emit } = parts
  return {
    name,
    peerId: transport.self.peerId,
    walletAddress: wallet.address.toRawString(),
    models: () =>
      Promise.all(
        models.all.map(async (model) => {
          const kind = await models.kindOf(model)
          return modelView(model, discovery.offers(model.root), kind)
        }),
      ),
    offers: () => discovery.offers().map((offer) => offerView(offer, discovery)),
    chat: (request: ChatRequest, signal, onSpent): AsyncIterable<ChatEvent> =>
      answerChat(parts, request, signal, { onSpent }),
    estimate: (request) => estimateChat(parts, request),
    embed: (request, signal, onSpent) => answerEmbedding(parts, request, signal, onSpent),
    estimateEmbedding: (request) => estimateEmbedding(parts, request),
    spending: () => parts.spending.view(),
    receipts: () => store.receipts().map((row): ReceiptView => row),
    stories: (idOrName) => readStories(store, idOrName),
    async channels() {
      await funding.refreshAll().catch(() => undefined)
      return funding.desks.map((desk) => channelView(desk.state, funding.providerOf(desk)))
    },
    async topUpChannel(address, amountNano) {
      const desk = deskAt(parts, address)
      await funding.topUp(desk, amountNano)
      return channelView(desk.state, funding.providerOf(desk))
    },
    async closeChannel(address, signal) {
      const only = deskAt(parts, address)
      const settled = await settleAll(
        { ...parts, sessionOf: (desk) => sessionOf(parts, desk), emit },
        signal,
        (desk) => desk === only,
      )
      return settled[0]
    },
    audit: () => auditStore(parts),
    submitJob: (model, lines, cap, tierMin) => jobs.submit(model, lines, cap, tierMin),
    jobs: () => jobs.list(),
    cancelJob: (id) => jobs.cancel(id),
    jobEnded: (id) => jobs.ended(id),
    jobResults: (id) => jobs.results(id),
    settle: (signal) =>
      settleAll({ ...parts, sessionOf: (desk) => sessionOf(parts, desk), emit }, signal),
    async *events(signal) {
      const queue = new AsyncQueue<Parameters<Parameters<EventHub['listen']>[0]>[0]>(
        EVENT_QUEUE_MAX,
      )
      const stopListening = hub.listen((event) => queue.push(event))
      const end = (): void => queue.end()
      signal.addEventListener('abort', end, { once: true })
      try {
        if (!signal.aborted) yield* queue
      } finally {
        stopListening()
        signal.removeEventListener('abort', end)
      }
    },
    stop: parts.stop,
  }
}

/** @throws ConfigError NOT_FOUND */
function deskAt({ funding }: ClientComponents, address: string): ClientDesk {
  const desk = funding.desks.find((one) => one.address === address)
  if (desk !== undefined) return desk
  throw new ConfigError('NOT_FOUND', 'this client has no channel at this address', {
    remedy: '`cocoon channels list` shows them.',
  })
}

/** The session that pays on a channel; one is opened when none is, to close the channel with it. */
async function sessionOf(parts: ClientComponents, desk: ClientDesk): Promise<ClientSession> {
  const known = await parts.sessions.ofChannel(desk.address)
  if (known !== undefined) return known
  const provider = parts.funding.providerOf(desk)
  const offer = parts.discovery.offers().find((one) => one.provider === provider)
  if (offer === undefined) {
    throw new UnavailableError(
      'PROVIDER_GONE',
      'the provider of this channel is not on the network',
    )
  }
  const { session } = await parts.sessions.get({
    provider: offer.provider,
    peerId: peerIdOf(fromHex(offer.provider)),
    addresses: offer.addresses,
    modelRoot: offer.modelRoot,
    // Only the close is sent: nothing of it is private.
    tierMin: 'open',
  })
  if (session.desk.address === desk.address) return session
  throw new UnavailableError('PROVIDER_GONE', 'the provider uses another channel now')
}

function modelView(
  model: { readonly id: string; readonly rootHex: string },
  offers: readonly Offer[],
  known: ModelKind | undefined,
): ModelView {
  const contextTokens = Math.max(0, ...offers.map((offer) => offer.contextTokens))
  const embeds = offers.some(({ embeddingDimensions }) => embeddingDimensions > 0)
  const kind = known ?? (embeds ? 'embedding' : 'chat')
  return { id: model.id, kind, root: model.rootHex, providers: offers.length, contextTokens }
}

function offerView(offer: Offer, discovery: OfferDiscovery): OfferView {
  return {
    provider: offer.provider,
    peerId: peerIdOf(fromHex(offer.provider)),
    modelId: offer.modelId,
    modelRoot: toHex(offer.modelRoot),
    tier: offer.tier,
    ...offer.prices,
    slotsFree: offer.slotsFree,
    slotsTotal: offer.slotsTotal,
    queued: offer.queued,
    latencyMs: discovery.measurements.latencyMs(offer.provider),
    expiresAtMs: offer.expiresAtMs,
  }
}

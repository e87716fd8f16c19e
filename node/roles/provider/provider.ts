/** A running provider: serves sessions, offers what it sells, looks for work, claims what it earned. */
import type { Logger } from 'pino'
import type { Engine } from '#inference/engine.ts'
import type { PeerStore } from '#node/store/peer-store.ts'
import { ServedStoryWriter } from '#node/why/served-story-writer.ts'
import { asCocoonError, UnavailableError } from '#protocol/errors.ts'
import type { BidderState } from '#protocol/market/bidding.ts'
import type { OfferStatement } from '#protocol/market/material-change.ts'
import { encodeSessionMessage } from '#protocol/session/frames.ts'
import type { MessageStream, Transport } from '#protocol/transport.ts'
import type { ChainReader, Wallet } from '#settlement/types.ts'
import { SESSION_PROTOCOL, SESSIONS_MAX, SESSIONS_PER_PEER_MAX } from '../constants.ts'
import type { EmitEvent } from '../events.ts'
import type { ProviderChannels } from './channels.ts'
import { Claims } from './claims.ts'
import type { Enclave } from './enclave.ts'
import type { ProviderSessionComponents } from './handshake.ts'
import { serveSession } from './session.ts'

export interface ProviderComponents
  extends Omit<
    ProviderSessionComponents,
    | 'self'
    | 'takeOver'
    | 'onServed'
    | 'story'
    | 'onRequestFailed'
    | 'onSettled'
    | 'beforeClose'
    | 'running'
  > {
  readonly transport: Transport
  readonly chain: ChainReader
  readonly wallet: Wallet
  readonly channels: ProviderChannels
  readonly enclave: Enclave
  /** Stories of requests, for `cocoon why`. */
  readonly stories: Pick<PeerStore, 'group' | 'saveStory'>
  readonly emit: EmitEvent
  readonly log: Logger
  /** Shortest close delay that this provider accepts, seconds. */
  readonly closeDelayMin: number
  /** Claim after each answer when so much is unclaimed; undefined: only when much is. */
  readonly claimAboveNano: bigint | undefined
  /** Load may have changed: the offer is announced again when it did so materially. */
  readonly onLoad: () => void
}

/** A cautious first guess until this provider has measured itself; tokens per second of one slot. */
const FIRST_GUESS = { promptTokensPerS: 200, completionTokensPerS: 20 }

/** Clients come and go: not worth a warning. */
const USUAL_ENDS = new Set(['SESSION_REPLACED', 'CLIENT_GONE', 'STREAM_RESET'])

export class Provider {
  readonly #parts: ProviderComponents
  readonly #sessions = new Map<MessageStream, Promise<void>>()
  readonly #byChannel = new Map<string, (reason: Error) => void>()
  readonly #claims: Claims
  readonly #running = new Set<Promise<void>>()
  #draining = false
  #stopping = false

  constructor(parts: ProviderComponents) {
    this.#parts = parts
    const { channels } = parts
    this.#claims = new Claims({
      ...parts,
      desks: () => channels.all(),
      onError: (error) => this.#warn(error),
    })
  }

  async start(): Promise<void> {
    await this.#parts.transport.handle(SESSION_PROTOCOL, (stream) => this.#serve(stream))
    this.#claims.start()
  }

  /** What is sold right now; empty until the first evidence is made, and while stopping. */
  statements(epoch: { readonly statementDigest: Uint8Array } | undefined): OfferStatement[] {
    if (epoch === undefined || this.#stopping) return []
    const { engine, prices, tier } = this.#parts
    const load = engine.load()
    return [
      {
        modelRoot: engine.info.modelRoot,
        modelId: engine.info.modelId,
        prices,
        ...slots(engine, load.active),
        queued: load.queued,
        tier,
        statementDigest: epoch.statementDigest,
        contextTokens: engine.info.contextTokens,
        engine: engine.info.engine,
        textOnly: engine.info.exactTokenIds === false,
        embeddingDimensions: this.#parts.embedder?.dimensions ?? 0,
      },
    ]
  }

  bidder(epoch: { readonly statementDigest: Uint8Array } | undefined): BidderState | undefined {
    const [statement] = this.statements(epoch)
    if (statement === undefined || this.#draining) return undefined
    // Jobs are chats.
    if (statement.embeddingDimensions > 0) return undefined
    return { ...statement, ...FIRST_GUESS }
  }

  /** Sessions that are open now. */
  get sessionCount(): number {
    return this.#sessions.size
  }

  /** Requests that run now, also those that wait for a payment. */
  get requestCount(): number {
    return this.#running.size
  }

  /**
   * Takes no new session, lets running requests end, then ends the sessions in order, so that the
   * last receipt is on the wire before the stream is gone. Resolves at the limit all the same.
   */
  async drain(limit: AbortSignal): Promise<void> {
    this.#draining = true
    const late = once(limit)
    while (this.#running.size > 0 && !limit.aborted) {
      await Promise.race([Promise.allSettled(this.#running), late])
    }
    const ending = [...this.#sessions.keys()].map((stream) => stream.close().catch(() => undefined))
    await Promise.race([Promise.all(ending), late])
  }

  /** Ends sessions, then claims what is still unclaimed. */
  async stop(): Promise<void> {
    this.#stopping = true
    const reason = new UnavailableError('PROVIDER_STOPPED', 'this provider is shutting down')
    for (const stream of this.#sessions.keys()) stream.abort(reason)
    await Promise.all(this.#sessions.values())
    await this.#claims.stop()
    this.#parts.enclave.stop()
  }

  async #serve(stream: MessageStream): Promise<void> {
    const { peerId } = stream.remote
    const ofPeer = [...this.#sessions.keys()].filter((one) => one.remote.peerId === peerId)
    const isFull = this.#sessions.size >= SESSIONS_MAX || ofPeer.length >= SESSIONS_PER_PEER_MAX
    if (this.#stopping || this.#draining || isFull) {
      const refusal = {
        code: 'PROVIDER_BUSY',
        message: 'this provider takes no further session now',
        remedy: 'Use another provider, or try again later.',
      }
      await stream.send(encodeSessionMessage({ kind: 'refusal', refusal }))
      return
    }
    const serving = this.#serveOpen(stream)
    this.#sessions.set(stream, serving)
    await serving
  }

  async #serveOpen(stream: MessageStream): Promise<void> {
    const { transport, onLoad, log, stories, clock } = this.#parts
    let held: { address: string; stop: (reason: Error) => void } | undefined
    const error = await serveSession(stream, {
      ...this.#parts,
      self: transport.self,
      running: this.#running,
      takeOver: (address, stop) => {
        const reason = new UnavailableError('SESSION_REPLACED', 'a newer session uses this channel')
        this.#byChannel.get(address)?.(reason)
        this.#byChannel.set(address, stop)
        held = { address, stop }
      },
      onRequestFailed: (error) => this.#warn(error),
      story: (asked) =>
        new ServedStoryWriter(
          { store: stories, clock, onError: (error) => log.warn({ err: error }, 'story lost') },
          asked,
        ),
      onSettled: (desk) => this.#claims.settled(desk),
      beforeClose: (desk) => this.#claims.idle(desk),
      onServed: (requestId) => {
        // The id on the wire: the client's log has the same.
        log.info({ requestId }, 'served')
        onLoad()
      },
    })
    if (held !== undefined && this.#byChannel.get(held.address) === held.stop) {
      this.#byChannel.delete(held.address)
    }
    this.#sessions.delete(stream)
    if (error !== undefined) this.#warn(error)
    onLoad()
  }

  #warn(thrown: unknown): void {
    const error = asCocoonError(thrown)
    if (USUAL_ENDS.has(error.code)) return
    // The stack of a mistake of ours goes to the log; what peers sent is never in an error.
    if (error.code === 'INTERNAL') this.#parts.log.error({ err: error.cause }, 'internal error')
    this.#parts.emit({ kind: 'warning', code: error.code, message: error.message })
  }
}

function once(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

function slots(engine: Engine, active: number) {
  const { slotsTotal } = engine.info
  return { slotsTotal, slotsFree: Math.max(0, slotsTotal - active) }
}

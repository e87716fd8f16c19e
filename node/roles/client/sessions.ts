/** Open sessions, one a provider: attested and funded once, used by many requests. */
import type { AttestationPolicy } from '#attestation/policy/policy.ts'
import type { TrustAnchor } from '#attestation/types.ts'
import { VerdictCache } from '#attestation/verdict-cache.ts'
import { GpuSightings } from '#attestation/verify/gpu/sightings.ts'
import type { RevocationCheck } from '#node/registry/watch.ts'
import type { AskStore } from '#node/store/peer-store.ts'
import type { Clock } from '#protocol/clock.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { rememberSignatures } from '#protocol/crypto/remembered-signatures.ts'
import { AttestationError, UnavailableError } from '#protocol/errors.ts'
import type { FreshnessMode } from '#protocol/evidence.ts'
import { type AssuranceTier, tierRank } from '#protocol/market/tier.ts'
import type { SignedReceipt } from '#protocol/receipt.ts'
import type { MessageStream, Transport } from '#protocol/transport.ts'
import type { ChainReader } from '#settlement/types.ts'
import {
  DIAL_TIMEOUT_MS,
  HANDSHAKE_TIMEOUT_MS,
  RUNNING_ANSWER_MS,
  SESSION_PROTOCOL,
} from '../constants.ts'
import type { EmitEvent } from '../events.ts'
import { Deadline } from '../shared/deadline.ts'
import type { Probe } from '../shared/probe.ts'
import { type AttestedProvider, attest, type SecondOpinion, type SeenCollateral } from './attest.ts'
import { Contacts } from './contacts.ts'
import type { Funding } from './funding.ts'
import type { KeptPromises } from './kept-promises.ts'
import type { ReceiptFiles } from './receipt-files.ts'
import { ClientSession } from './session.ts'
import { WaitingLines } from './waiting-line.ts'

export interface SessionsComponents {
  readonly transport: Transport
  readonly crypto: CryptoPort
  readonly clock: Clock
  readonly chain: ChainReader
  readonly anchors: readonly TrustAnchor[]
  readonly policy: AttestationPolicy
  readonly funding: Funding
  readonly receipts: ReceiptFiles
  readonly kept: KeptPromises
  readonly store: AskStore
  readonly emit: EmitEvent
  readonly secondOpinion?: SecondOpinion | undefined
  readonly collateral?: SeenCollateral | undefined
  /** Asked before each request, also on a session that is open; none when left out. */
  readonly revocations?: RevocationCheck | undefined
  readonly probe?: Probe
}

/** Whom to open a session with. */
export interface SessionTarget {
  /** Hexadecimal identity key. */
  readonly provider: string
  readonly peerId: string
  readonly addresses: readonly string[]
  readonly modelRoot: Uint8Array
  /** What the evidence must come to, whatever the offer said. */
  readonly tierMin: AssuranceTier
}

export interface ReadySession {
  readonly session: ClientSession
  /** Milliseconds spent on evidence and on the channel; 0 for a session that was open. */
  readonly attestMs: number
  readonly fundMs: number
}

export class Sessions {
  readonly #parts: SessionsComponents
  readonly #open = new Map<string, Promise<ClientSession>>()
  /** Those that were opened and did not end yet. */
  readonly #live = new Set<ClientSession>()
  readonly #contacts: Contacts
  readonly #verdicts: VerdictCache
  /** For evidence alone: manufacturers' signatures are the same for all machines of a kind. */
  readonly #evidenceCrypto: CryptoPort
  readonly #gpuSightings = new GpuSightings()
  /** Requests that wait for room at any provider. */
  readonly waiting: WaitingLines

  constructor(parts: SessionsComponents) {
    this.#parts = parts
    this.waiting = new WaitingLines(parts.clock)
    this.#contacts = new Contacts(parts.crypto, parts.policy)
    this.#verdicts = new VerdictCache(parts.crypto)
    this.#evidenceCrypto = rememberSignatures(parts.crypto)
  }

  /** Requests that are paid no further until somebody reads their answers. */
  get unreadRequests(): number {
    return [...this.#live].reduce((sum, session) => sum + session.unreadRequests, 0)
  }

  /**
   * @throws AttestationError EVIDENCE_REFUSED, TRANSCRIPT_REFUSED
   * @throws SettlementError, ProtocolError, UnavailableError of the steps of a session
   */
  async get(target: SessionTarget): Promise<ReadySession> {
    // Looked at again after every wait: between the last look and the entry nothing else runs.
    do {
      const open = await this.#usable(target.provider)
      if (open !== undefined) {
        requireTier(open, target)
        await this.#requireNotRevoked(open)
        return { session: open, attestMs: 0, fundMs: 0 }
      }
    } while (this.#open.has(target.provider))
    const spent = { attestMs: 0, fundMs: 0 }
    const opening = this.#openNew(target, spent)
    this.#open.set(target.provider, opening)
    try {
      const session = await opening
      requireTier(session, target)
      return { session, ...spent }
    } catch (error) {
      if (this.#open.get(target.provider) === opening) this.#open.delete(target.provider)
      throw error
    }
  }

  /** What was good when the session began may have been revoked since; then the session ends. */
  async #requireNotRevoked(session: ClientSession): Promise<void> {
    try {
      await this.#parts.revocations?.require(session.provider.core)
    } catch (error) {
      if (error instanceof AttestationError) session.end(error)
      throw error
    }
  }

  /**
   * The session that is open or being opened with a provider. Undefined: there is none, and whoever
   * asked first opens one before anybody else can: a second one would end the first.
   * @throws UnavailableError PROVIDER_BUSY
   */
  async #usable(provider: string): Promise<ClientSession | undefined> {
    for (;;) {
      const known = this.#open.get(provider)
      if (known === undefined) return undefined
      const session = await known.catch(() => undefined)
      if (session?.isOpen && isUsable(session, this.#parts.clock.nowMs())) return session
      if (this.#open.get(provider) === known) this.#open.delete(provider)
    }
  }

  /** The open session of a channel, if there is one. */
  async ofChannel(channel: string): Promise<ClientSession | undefined> {
    const sessions = await Promise.all(
      [...this.#open.values()].map((one) => one.catch(() => undefined)),
    )
    return sessions.find((session) => session?.isOpen && session.desk.address === channel)
  }

  async stop(): Promise<void> {
    const reason = new UnavailableError('CLIENT_STOPPED', 'this client is shutting down')
    for (const opening of this.#open.values()) {
      const session = await opening.catch(() => undefined)
      session?.end(reason)
    }
    this.#open.clear()
  }

  /**
   * Where the keys in an epoch quote are too old a fresh one over this client's nonce is asked for at once, in a
   * session of its own (docs/spec/attestation.md#freshness); from a challenge there is no way back.
   */
  async #openNew(
    target: SessionTarget,
    spent: { attestMs: number; fundMs: number },
  ): Promise<ClientSession> {
    const { mode } = this.#contacts.choose(target.provider)
    try {
      return await this.#openIn(mode, target, spent)
    } catch (error) {
      if (mode === 'challenge' || !isStale(error)) throw error
      return await this.#openIn('challenge', target, spent)
    }
  }

  async #openIn(
    mode: FreshnessMode,
    target: SessionTarget,
    spent: { attestMs: number; fundMs: number },
  ): Promise<ClientSession> {
    const { transport, clock, funding } = this.#parts
    const { provider } = target
    const startedMs = clock.nowMs()
    const stream = await transport.openStream(target.peerId, SESSION_PROTOCOL, {
      addresses: target.addresses,
      signal: AbortSignal.timeout(DIAL_TIMEOUT_MS),
    })
    const watchdog = new Deadline(clock, () => {
      stream.abort(
        new UnavailableError('PROVIDER_SILENT', 'the provider did not finish a handshake'),
      )
    })
    try {
      watchdog.set(clock.nowMs() + HANDSHAKE_TIMEOUT_MS)
      const attested = await this.#attest(stream, mode, target)
      await this.#parts.revocations?.require(attested.core)
      if (mode === 'challenge') this.#contacts.remember(provider)
      spent.attestMs += clock.nowMs() - startedMs
      watchdog.clear()
      const fundingMs = clock.nowMs()
      const desk = await funding.channelFor(attested.core)
      funding.nameProvider(desk, provider)
      spent.fundMs = clock.nowMs() - fundingMs
      watchdog.set(clock.nowMs() + HANDSHAKE_TIMEOUT_MS)
      const parts = this.#sessionParts(provider)
      const session = await ClientSession.open(stream, attested, desk, parts)
      if (session.isOpen) this.#live.add(session)
      return session
    } catch (error) {
      if (error instanceof AttestationError) this.#contacts.forget(provider)
      stream.abort(error instanceof Error ? error : new Error('the session was not opened'))
      throw error
    } finally {
      watchdog.clear()
    }
  }

  #attest(
    stream: MessageStream,
    mode: FreshnessMode,
    { provider, modelRoot, tierMin }: SessionTarget,
  ): Promise<AttestedProvider> {
    const { chain, anchors, policy, emit, secondOpinion, collateral } = this.#parts
    return attest(stream, {
      crypto: this.#evidenceCrypto,
      chain,
      anchors,
      policy,
      modelRoot,
      mode,
      openPermitted: tierMin === 'open',
      verdicts: this.#verdicts,
      gpuSightings: this.#gpuSightings,
      secondOpinion,
      collateral,
      onVerdict: ({ tier, ok, steps }) => emit({ kind: 'verdict', provider, tier, ok, steps }),
    })
  }

  #sessionParts(provider: string) {
    const { transport, crypto, clock, store, emit, receipts, kept, probe } = this.#parts
    return {
      ...(probe === undefined ? {} : { probe }),
      self: transport.self,
      crypto,
      clock,
      emit,
      store,
      keptUnits: () => kept.units(provider),
      onFirstCheckpoint: (session: ClientSession, receipt: SignedReceipt) =>
        receipts.begin(session, receipt),
      onAppended: (session: ClientSession, appended: Parameters<ReceiptFiles['write']>[1]) => {
        kept.add(provider, appended)
        receipts.write(session, appended)
      },
      onClosed: (closed: ClientSession) => {
        this.#live.delete(closed)
        const known = this.#open.get(provider)
        void known?.then(
          (session) => {
            if (session === closed && this.#open.get(provider) === known)
              this.#open.delete(provider)
          },
          () => undefined,
        )
      },
    }
  }
}

/**
 * A session may be shared by requests that permit different tiers: each is asked for its own.
 * @throws AttestationError TIER_TOO_LOW
 */
function requireTier({ verdict: { tier } }: ClientSession, { tierMin }: SessionTarget): void {
  if (tierRank(tier) >= tierRank(tierMin)) return
  throw new AttestationError('TIER_TOO_LOW', `tier ${tier}, where ${tierMin} is required`, {
    remedy: 'Use another provider, or permit this tier by name: tier_min.',
    data: { tier, tierMin },
  })
}

/**
 * Keys and prices of a session must outlive a request, so it is replaced in time, but not under its
 * running requests: they would be cut.
 * @throws UnavailableError PROVIDER_BUSY
 */
function isUsable(session: ClientSession, nowMs: number): boolean {
  // Settled or frozen: the next question opens another channel, in a session of its own.
  if (session.desk.state.status !== 'open') return false
  const asksUntilMs = session.provider.core.notAfterMs - RUNNING_ANSWER_MS
  const untilMs = Math.min(asksUntilMs, session.priceQuote.validUntil * 1000)
  const isFresh = nowMs < untilMs - FRESH_MARGIN_MS
  const isFull = session.openRequests >= session.requestsMax
  if (session.openRequests > 0 && (isFull || nowMs >= untilMs)) {
    throw new UnavailableError('PROVIDER_BUSY', 'the session with this provider takes no more now')
  }
  return isFresh || session.openRequests > 0
}

const FRESH_MARGIN_MS = 5 * 60_000

/** Refused for its age alone: the first step that failed is about time. */
const STALE_STEPS: readonly unknown[] = ['freshness', 'key-lifetime']

function isStale(error: unknown): boolean {
  return error instanceof AttestationError && STALE_STEPS.includes(error.data['step'])
}

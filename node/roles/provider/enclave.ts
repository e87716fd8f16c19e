/**
 * What lives only in the memory of the TEE: the sealing and the response key of the present epoch,
 * and the evidence over them. Keys rotate every epoch; a session keeps the keys it began with.
 */
import { KEY_LIFE_MS_MAX } from '#attestation/constants.ts'
import { evidenceKindOf } from '#attestation/evidence/kind.ts'
import { encodeStatement, reportData } from '#attestation/statement.ts'
import { encodeStatementCore } from '#attestation/statement-core.ts'
import type { GpuSource, QuoteSource } from '#attestation/types.ts'
import type { Clock } from '#protocol/clock.ts'
import type { CryptoPort, Ed25519KeyPair } from '#protocol/crypto/port.ts'
import { UnavailableError } from '#protocol/errors.ts'
import type { Evidence, FreshnessMode } from '#protocol/evidence.ts'
import {
  EncapsulationGuard,
  generateSealingKey,
  type SealingKey,
  type SealSuite,
} from '#protocol/session/seal.ts'
import type { ChainReader } from '#settlement/types.ts'
import { sleep } from '../../async.ts'
import { EPOCH_MARGIN_MS, EPOCH_MS, RUNNING_ANSWER_MS } from '../constants.ts'
import { ChallengeDesk } from './challenge-desk.ts'

/** A chain that stands still must not make one quote after the other. */
const EPOCH_RETRY_MS = 60_000
const ZEROS = new Uint8Array(32)

export interface EnclaveIdentity {
  readonly globalId: number
  readonly identityKey: Uint8Array
  readonly settlementKey: Uint8Array
  readonly payoutAddress: string
  readonly policyDigest: Uint8Array
  readonly modelRoot: Uint8Array
  readonly runtimeDigest: Uint8Array
}

/** The keys and the evidence of one epoch. */
export interface EnclaveEpoch {
  readonly sealingKey: SealingKey
  readonly responseKey: Ed25519KeyPair
  readonly guard: EncapsulationGuard
  readonly evidence: Evidence
  readonly statementDigest: Uint8Array
  /** New requests are taken until here, Unix milliseconds. */
  readonly asksUntilMs: number
  /** Running answers may use the keys until here. */
  readonly notAfterMs: number
  /** The statement of this epoch with another challenge. */
  readonly statementFor: (challenge: Uint8Array) => Uint8Array
}

export interface EnclaveComponents {
  readonly crypto: CryptoPort
  readonly clock: Clock
  readonly chain: ChainReader
  readonly quotes: QuoteSource
  /** The GPUs of this guest; undefined: none, or none that can prove itself. */
  readonly gpus?: GpuSource | undefined
  readonly suite: SealSuite
  readonly wait?: (milliseconds: number) => Promise<void>
}

export class Enclave {
  readonly #identity: EnclaveIdentity
  readonly #components: EnclaveComponents
  readonly #bootId: Uint8Array
  readonly #challenges: ChallengeDesk<EnclaveEpoch>
  #epochNumber = 0n
  #current: EnclaveEpoch | undefined
  #making: Promise<EnclaveEpoch> | undefined
  #listener: (epoch: EnclaveEpoch) => void = () => undefined
  #rotation: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(identity: EnclaveIdentity, components: EnclaveComponents) {
    this.#identity = identity
    this.#components = components
    this.#bootId = components.crypto.randomBytes(16)
    const { crypto, clock, wait = sleep } = components
    this.#challenges = new ChallengeDesk({
      crypto,
      clock,
      wait,
      quote: (epoch, challenge) =>
        this.#quote('challenge', epoch.statementFor(challenge), epoch.evidence.gpuEvidence),
    })
  }

  /**
   * The present epoch, made or renewed when needed.
   * @throws UnavailableError QUOTE_UNAVAILABLE, CHAIN_UNREACHABLE
   */
  async epoch(): Promise<EnclaveEpoch> {
    const now = this.#components.clock.nowMs()
    if (this.#current !== undefined && now < this.#current.asksUntilMs - EPOCH_MARGIN_MS) {
      return this.#current
    }
    this.#making ??= this.#makeEpoch().finally(() => {
      this.#making = undefined
    })
    return this.#making
  }

  /** Goes on to new keys, when the ones of this epoch have served all they may. */
  retire(epoch: EnclaveEpoch): void {
    if (this.#current === epoch) this.#current = undefined
  }

  /** Forgets its keys and makes none by itself any more. */
  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#rotation)
    this.#current = undefined
  }

  /** Told of every new epoch: its statement's digest belongs into the next offer. */
  onEpoch(listener: (epoch: EnclaveEpoch) => void): void {
    this.#listener = listener
  }

  /**
   * What a client gets: the epoch's quote, or a fresh one over its nonce with the nonce's proof.
   * @throws UnavailableError CHALLENGES_FULL, QUOTE_UNAVAILABLE
   */
  async evidence(
    epoch: EnclaveEpoch,
    mode: FreshnessMode,
    clientNonce: Uint8Array,
  ): Promise<Evidence> {
    return mode === 'epoch' ? epoch.evidence : this.#challenges.answer(epoch, clientNonce)
  }

  async #makeEpoch(): Promise<EnclaveEpoch> {
    const { crypto, clock, chain, suite, gpus } = this.#components
    const block = await chain.latestBlock()
    const sealingKey = await generateSealingKey(suite)
    const responseKey = crypto.ed25519FromSeed(crypto.randomBytes(32))
    const notAfterMs = Math.min(
      clock.nowMs() + EPOCH_MS + RUNNING_ANSWER_MS,
      block.time * 1000 + KEY_LIFE_MS_MAX,
    )
    this.#epochNumber += 1n
    const core = {
      version: 1,
      registry: '',
      role: 'provider',
      ...this.#identity,
      hpkeSuite: suite,
      hpkeKey: sealingKey.publicKey,
      responseKey: responseKey.publicKey,
      bootId: this.#bootId,
      epoch: this.#epochNumber,
      notBefore: { seqno: block.seqno, rootHash: block.rootHash },
      notAfterMs,
    }
    const gpuEvidence = (await gpus?.evidence(encodeStatementCore(core))) ?? new Uint8Array(0)
    const gpuEvidenceHash = gpuEvidence.length === 0 ? ZEROS : crypto.sha256(gpuEvidence)
    const statementFor = (challenge: Uint8Array): Uint8Array =>
      encodeStatement({ core, gpuEvidenceHash, challenge })
    const evidence = await this.#quote('epoch', statementFor(ZEROS), gpuEvidence)
    this.#current = {
      sealingKey,
      responseKey,
      guard: new EncapsulationGuard(),
      evidence,
      statementDigest: crypto.sha256(evidence.statement),
      asksUntilMs: notAfterMs - RUNNING_ANSWER_MS,
      notAfterMs,
      statementFor,
    }
    this.#listener(this.#current)
    this.#rotateInTime(this.#current)
    return this.#current
  }

  /** Also without a visitor: old keys must not stay in memory because nobody asks for new ones. */
  #rotateInTime(epoch: EnclaveEpoch): void {
    if (this.#isStopped) return
    clearTimeout(this.#rotation)
    const leftMs = epoch.asksUntilMs - EPOCH_MARGIN_MS - this.#components.clock.nowMs()
    this.#rotation = setTimeout(
      () => {
        if (this.#current !== epoch) return
        this.#current = undefined
        // Without a chain or a quote there is no epoch until a session asks for one again.
        void this.epoch().catch(() => undefined)
      },
      Math.max(leftMs, EPOCH_RETRY_MS),
    ).unref()
  }

  async #quote(
    mode: FreshnessMode,
    statement: Uint8Array,
    gpuEvidence: Uint8Array,
  ): Promise<Evidence> {
    const { crypto, quotes } = this.#components
    const { quote, collateral, eventLog } = await quotes.quote(reportData(crypto, mode, statement))
    if (quote.length === 0) {
      throw new UnavailableError('QUOTE_UNAVAILABLE', 'the quote source returned nothing')
    }
    const kind = evidenceKindOf(quotes.tee)
    const log = eventLog === undefined ? {} : { eventLog }
    return { kind, mode, statement, quote, collateral, gpuEvidence, ...log }
  }
}

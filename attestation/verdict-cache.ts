/**
 * Verdicts on epoch quotes, remembered. An epoch quote is handed to every client and every session, so the
 * same bytes are judged again and again; whether the keys in it still live is proved in each session
 * by a signature over the session's own nonces, which is never cached. Challenge quotes are always judged.
 */
import { tagged, toHex, u32be, utf8 } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import {
  VERDICT_LIFE_MS_MAX,
  VERDICT_LIMIT_STEP_MS,
  VERDICT_REFUSED_LIFE_MS,
  VERDICTS_MAX,
} from './constants.ts'
import { isoSeconds } from './der/time.ts'
import { policyDigest } from './policy/policy.ts'
import type { EvidenceBundle, Verdict } from './types.ts'
import { type VerdictContext, verifyEvidence, withStep } from './verdict.ts'

type Judge = (evidence: EvidenceBundle, context: VerdictContext) => Verdict

interface Entry {
  readonly verdict: Verdict
  /** Unix milliseconds, both included: outside of them the evidence is judged again. */
  readonly fromMs: number
  readonly untilMs: number
}

/** All that a verdict depends on but the time: what is added to the context must be added here. */
type ContextFields = Record<
  Exclude<keyof VerdictContext, 'crypto' | 'nowMs' | 'challenge'>,
  readonly Uint8Array[]
>

export class VerdictCache {
  readonly #crypto: CryptoPort
  readonly #judge: Judge
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>()

  constructor(crypto: CryptoPort, judge: Judge = verifyEvidence) {
    this.#crypto = crypto
    this.#judge = judge
  }

  get size(): number {
    return this.#entries.size
  }

  /** Revoked hardware, new collateral, another chain: nothing judged so far counts any more. */
  clear(): void {
    this.#entries.clear()
  }

  /**
   * As `verifyEvidence`; a remembered verdict says so in a step of its own.
   * @throws RangeError for evidence with a part that could not be hashed
   */
  judge(evidence: EvidenceBundle, context: VerdictContext): Verdict {
    if (evidence.mode !== 'epoch' || context.challenge !== undefined) {
      return this.#judge(evidence, context)
    }
    const key = this.#key(evidence, context)
    const known = this.#entries.get(key)
    this.#entries.delete(key)
    const { nowMs } = context
    if (known !== undefined && known.fromMs <= nowMs && nowMs <= known.untilMs) {
      this.#entries.set(key, known)
      return known.verdict.ok ? remembered(known) : known.verdict
    }
    const verdict = this.#judge(evidence, context)
    this.#keep(key, { verdict, fromMs: nowMs, untilMs: this.#limit(verdict, evidence, context) })
    return verdict
  }

  #keep(key: string, entry: Entry): void {
    this.#entries.set(key, entry)
    if (this.#entries.size <= VERDICTS_MAX) return
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest)
      return
    }
  }

  /**
   * The last moment, rounded down, at which the verdict would still be good. Found by judging again at
   * later moments instead of listing limits: every rule about time holds from one moment to another, so
   * what is good now and then is good in between, and no limit of any kind of evidence can be forgotten.
   */
  #limit(verdict: Verdict, evidence: EvidenceBundle, context: VerdictContext): number {
    const { nowMs } = context
    if (!verdict.ok) return nowMs + VERDICT_REFUSED_LIFE_MS
    const isGoodAt = (atMs: number) => this.#judge(evidence, { ...context, nowMs: atMs }).ok
    let [goodMs, badMs] = [nowMs, nowMs + VERDICT_LIFE_MS_MAX]
    if (isGoodAt(badMs)) return badMs
    while (badMs - goodMs > VERDICT_LIMIT_STEP_MS) {
      const middleMs = Math.floor((goodMs + badMs) / 2)
      if (isGoodAt(middleMs)) goodMs = middleMs
      else badMs = middleMs
    }
    return goodMs
  }

  #key(evidence: EvidenceBundle, context: VerdictContext): string {
    const ours = Object.values(this.#contextFields(context)).flat()
    const fields = [...ours, ...evidenceFields(evidence)]
    return toHex(this.#crypto.sha256(tagged('cocoon/verdict-cache/1', ...fields)))
  }

  #contextFields(context: VerdictContext): ContextFields {
    const { globalId, anchors, policy, expected, notBeforeBlock: block } = context
    return {
      globalId: [utf8(`${globalId}`)],
      anchors: [
        u32be(anchors.length),
        ...anchors.flatMap(({ id, kind, environment, rootCertificate }) => [
          utf8(`${kind} ${environment} ${id}`),
          rootCertificate,
        ]),
      ],
      policy: [policyDigest(this.#crypto, policy)],
      openPermitted: [utf8(context.openPermitted === true ? 'open' : '')],
      expected: [utf8(expected.role), expected.identityKey, expected.modelRoot],
      notBeforeBlock: [
        utf8(`${block?.seqno} ${block?.timeMs}`),
        block?.rootHash ?? new Uint8Array(0),
      ],
      // Who showed a GPU first keeps it for longer than a verdict is kept: only newcomers are refused.
      gpuSightings: [],
      gpuOpinions: (context.gpuOpinions ?? []).flatMap(({ nonce, outcome, detail }) => [
        nonce,
        utf8(`${outcome} ${detail}`),
      ]),
    }
  }
}

/** Every part by its name, so that a part added later cannot be left out of the key. */
function evidenceFields(evidence: EvidenceBundle): Uint8Array[] {
  return Object.entries(evidence)
    .filter(([, value]) => value !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([name, value]) => [utf8(name), bytesOf(value)])
}

function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value
  if (typeof value === 'string') return utf8(value)
  throw new RangeError('evidence with a part that has no digest')
}

function remembered({ verdict, fromMs, untilMs }: Entry): Verdict {
  return withStep(verdict, {
    name: 'remembered-verdict',
    term: 'cached attestation result',
    evidence: 'memory of this client',
    status: 'passed',
    found: `judged ${isoSeconds(fromMs)}, good until ${isoSeconds(untilMs)}`,
    required: 'the same evidence, policy, anchors and network, inside every limit, at most 1 h ago',
    reference: 'docs/spec/attestation.md#remembered-verdicts',
    detail: '',
  })
}

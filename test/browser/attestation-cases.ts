/** Evidence to judge in Node and in a page: SIMULATED and honest, and wrong in many ways. */
import type { EvidenceBundle } from '#attestation/types.ts'
import type { VerdictContext } from '#attestation/verdict.ts'
import {
  bytes,
  context,
  core,
  makeChallenge,
  makeEvidence,
  minuteMs,
  nowMs,
  policy,
} from '../attestation/network.ts'

export interface AttestationCase {
  readonly name: string
  readonly evidence: EvidenceBundle
  readonly context: Omit<VerdictContext, 'crypto'>
}

const { crypto: _, ...shared } = context

const honest = makeEvidence()
const challenged = makeChallenge([bytes(32, 1), bytes(32, 2), bytes(32, 3)], 1)

const one = (
  name: string,
  evidence: EvidenceBundle,
  changes: Partial<VerdictContext> = {},
): AttestationCase => ({ name, evidence, context: { ...shared, ...changes } })

const PARTS = ['statement', 'quote', 'collateral'] as const
/** A changed byte at so many places of each part. */
const PLACES = 24

function damaged(part: (typeof PARTS)[number]): AttestationCase[] {
  const whole = honest[part]
  const places = Array.from({ length: PLACES }, (_, n) => Math.floor((n * whole.length) / PLACES))
  const changed = places.map((at) => whole.with(at, (whole[at] ?? 0) ^ (1 << (at % 8))))
  const cuts = [0, 1, Math.floor(whole.length / 2), whole.length - 1]
  return [
    ...changed.map((with_, n) =>
      one(`${part} changed at ${places[n]}`, { ...honest, [part]: with_ }),
    ),
    ...cuts.map((end) =>
      one(`${part} cut at ${end}`, { ...honest, [part]: whole.subarray(0, end) }),
    ),
  ]
}

export const ATTESTATION_CASES: readonly AttestationCase[] = [
  one('honest epoch quote', honest),
  one('honest challenge quote', challenged.evidence, { challenge: challenged.challenge }),
  one('a challenge quote for somebody else', challenged.evidence, {
    challenge: { ...challenged.challenge, clientNonce: bytes(32, 9) },
  }),
  one('an epoch quote for a challenge', honest, { challenge: challenged.challenge }),
  one('mainnet', makeEvidence({ core: { globalId: -239 } }), { globalId: -239 }),
  one('another network', honest, { globalId: -4 }),
  one('no anchors', honest, { anchors: [] }),
  one('an unknown block', honest, { notBeforeBlock: undefined }),
  one('old keys', honest, { nowMs: core.notAfterMs + 1 }),
  one('old collateral', honest, { nowMs: nowMs + 40 * 24 * 60 * minuteMs }),
  one('the future', honest, { nowMs: nowMs - 40 * 24 * 60 * minuteMs }),
  one(
    'X25519 alone',
    makeEvidence({
      core: { hpkeSuite: 'X25519/HKDF-SHA256/AES-256-GCM', hpkeKey: bytes(32, 1) },
    }),
  ),
  one('another peer', makeEvidence({ core: { identityKey: bytes(32, 9) } })),
  one('a higher evaluation number', honest, {
    policy: { ...policy, tcb: { ...policy.tcb, evaluationNumberMin: 1_000 } },
  }),
  one('no release', honest, { policy: { ...policy, tdx: { ...policy.tdx, measurements: [] } } }),
  ...PARTS.flatMap(damaged),
]

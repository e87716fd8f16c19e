/** What ties machine, statement and client together: replays across networks, roles, policies, peers and nonces. */
import { simulatedManufacturer } from '#attestation/evidence/simulated/manufacturer.ts'
import { writeTdxQuote } from '#attestation/evidence/simulated/quote-writer.ts'
import { policyDigest } from '#attestation/policy/policy.ts'
import { reportData } from '#attestation/report-data.ts'
import { decodeCollateral, encodeCollateral } from '#attestation/verify/collateral.ts'
import { replayRegister } from '#attestation/verify/event-log.ts'
import { concat, toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import {
  bytes,
  core,
  machine,
  makeChallenge,
  makeEvidence,
  manufacturer,
  minuteMs,
  nowMs,
  policy,
  zeros,
} from '#test/attestation/network.ts'
import { attentive, block, bundle, type CorpusEntry } from './entry.ts'

const DAY_MS = 86_400_000
const honest = makeEvidence()
const foreign = simulatedManufacturer({ seed: bytes(32, 9), nowMs, crypto })
const parts = decodeCollateral(manufacturer.collateral)
const raw = { collateral: honest.collateral, allowUnbound: true, compare: {} }

const basics: readonly CorpusEntry[] = [
  bundle('simulated-tdx-good', 'An honest simulated TDX machine: every step passes.', [], honest),
  {
    ...bundle(
      'raw-quote-good',
      'A quote alone with its collateral, taken unbound.',
      [],
      honest,
      raw,
    ),
    evidence: honest.quote,
  },
  bundle(
    'simulated-on-mainnet',
    'Simulated evidence where the verifier is on mainnet.',
    ['network', 'anchor'],
    honest,
    { globalId: -239 },
  ),
  bundle('foreign-collateral', 'Collateral of another manufacturer.', ['revocation'], {
    ...honest,
    collateral: foreign.collateral,
  }),
  bundle('crl-replaced-by-zero', 'The PCK revocation list is one zero byte.', ['revocation'], {
    ...honest,
    collateral: encodeCollateral({ ...parts, pckCrl: bytes(1, 0) }),
  }),
  bundle(
    'collateral-expired',
    'The same evidence 40 days later.',
    ['freshness', 'revocation'],
    honest,
    { clockMs: nowMs + 40 * DAY_MS },
  ),
  bundle(
    'other-identity',
    'Evidence of another peer than the one connected to.',
    ['identity-key'],
    honest,
    {
      compare: { ...attentive, identityKey: bytes(32, 0x77) },
    },
  ),
  bundle('report-data-swapped', "A statement beside somebody else's quote.", ['report-data'], {
    ...honest,
    quote: makeEvidence({ core: { epoch: 2n } }).quote,
  }),
  {
    ...bundle('quote-padded', 'One byte after the quote.', ['quote-format'], honest, raw),
    evidence: concat(honest.quote, Uint8Array.of(1)),
  },
  {
    ...bundle(
      'quote-signature-flipped',
      "One bit of the quote's signature.",
      ['quote-signature'],
      honest,
      raw,
    ),
    evidence: honest.quote.with(640, (honest.quote[640] ?? 0) ^ 1),
  },
]

const nonces = [bytes(32, 1), bytes(32, 2), bytes(32, 3)]
const mine = makeChallenge(nonces, 1)
const challenged = { ...mine.evidence, nonceProof: mine.challenge.proof }
const asking = (clientNonce: Uint8Array) => ({ compare: { ...attentive, clientNonce } })
const otherPolicy = { ...policy, claimedPolicy: 'same' as const }
const replays: readonly CorpusEntry[] = [
  bundle(
    'replay-other-network',
    'Replay across networks: a statement for another global id.',
    ['network'],
    makeEvidence({ core: { globalId: -4 } }),
  ),
  bundle(
    'replay-mainnet-statement',
    'A statement for mainnet on a test network.',
    ['network'],
    makeEvidence({ core: { globalId: -239 } }),
  ),
  bundle(
    'replay-other-role',
    'Replay across roles: a statement of a verifier, not of a provider.',
    ['role'],
    makeEvidence({ core: { role: 'verifier' } }),
  ),
  bundle(
    'replay-other-policy',
    "Replay across policies: the statement claims another policy than the client's own.",
    ['policy-digest'],
    makeEvidence({ core: { policyDigest: bytes(32, 8) } }),
    { policy: otherPolicy },
  ),
  bundle(
    'claims-same-policy-good',
    "The statement claims the client's own policy, which asks for that.",
    [],
    makeEvidence({ core: { policyDigest: policyDigest(crypto, otherPolicy) } }),
    { policy: otherPolicy },
  ),
  bundle(
    'replay-other-model',
    'Evidence for another model than was asked for.',
    ['model-root'],
    honest,
    {
      compare: { ...attentive, modelRoot: bytes(32, 0x77) },
    },
  ),
  bundle(
    'replay-other-runtime',
    'The statement names another runtime than was measured.',
    ['report-data'],
    makeEvidence({ core: { runtimeDigest: bytes(32, 0x77) } }),
  ),
  bundle(
    'suite-downgraded',
    'X25519 alone where the policy wants the hybrid.',
    ['sealing-suite'],
    makeEvidence({ core: { hpkeSuite: 'X25519/HKDF-SHA256/AES-256-GCM', hpkeKey: bytes(32, 1) } }),
  ),
  bundle(
    'mode-swapped',
    'An epoch quote sent as a challenge quote.',
    ['report-data', 'nonce'],
    { ...honest, mode: 'challenge', nonceProof: mine.challenge.proof },
    {
      compare: { ...attentive, clientNonce: bytes(32, 1) },
    },
  ),
  bundle(
    'anchor-of-another-network',
    'Evidence under the root of another network.',
    ['anchor'],
    honest,
    { anchors: [foreign.anchor] },
  ),
  bundle(
    'machine-revoked',
    'A machine that the policy names as revoked.',
    ['hardware-identity'],
    honest,
    {
      policy: {
        ...policy,
        hardware: { ...policy.hardware, revoked: [{ hardware: ppidName(), reason: 'opened' }] },
      },
    },
  ),
  bundle(
    'tier-too-low',
    'A simulated machine where the policy asks for endorsed hardware.',
    ['hardware-identity'],
    honest,
    {
      policy: { ...policy, hardware: { ...policy.hardware, tierMin: 'endorsed' } },
    },
  ),
  bundle(
    'production-policy',
    'Simulated evidence under the policy of production.',
    ['anchor', 'measurements'],
    honest,
    { policy: 'production' },
  ),
]

/** The machine as a policy names it. */
function ppidName(): string {
  const id = crypto.hkdfSha256(
    bytes(32, 7),
    new TextEncoder().encode('cocoon/simulated-manufacturer/1'),
    new TextEncoder().encode('ppid provider 1'),
    16,
  )
  return `tdx:${toHex(id)}`
}

const times: readonly CorpusEntry[] = [
  bundle(
    'block-unknown',
    'The not-before block is not on the chain of the verifier.',
    ['freshness'],
    honest,
    { compare: { ...attentive, block: null } },
  ),
  bundle(
    'block-other-root',
    'A block of the same number and another root hash.',
    ['freshness'],
    honest,
    {
      compare: { ...attentive, block: { ...block, rootHash: bytes(32, 1) } },
    },
  ),
  bundle('block-too-old', 'A not-before block of two hours ago.', ['freshness'], honest, {
    compare: { ...attentive, block: { ...block, timeMs: nowMs - 120 * minuteMs } },
  }),
  bundle(
    'block-of-the-future',
    "A block two minutes ahead of the verifier's clock.",
    ['freshness'],
    honest,
    {
      compare: { ...attentive, block: { ...block, timeMs: nowMs + 2 * minuteMs } },
    },
  ),
  bundle('keys-ended', 'Keys that ended a second ago.', ['key-lifetime'], honest, {
    clockMs: core.notAfterMs + 1_000,
  }),
  bundle(
    'keys-too-long',
    'Keys that live for two hours.',
    ['key-lifetime'],
    makeEvidence({ core: { notAfterMs: nowMs + 120 * minuteMs } }),
  ),
  bundle(
    'clock-before-collateral',
    'A clock two days before the collateral.',
    ['freshness', 'revocation'],
    honest,
    { clockMs: nowMs - 2 * DAY_MS },
  ),
]

const challenges: readonly CorpusEntry[] = [
  bundle(
    'challenge-good',
    'A challenge quote that answers three clients, of which this is one.',
    [],
    challenged,
    asking(bytes(32, 2)),
  ),
  bundle(
    'nonce-of-another',
    "Nonce reuse: a quote over other clients' nonces.",
    ['nonce'],
    challenged,
    asking(bytes(32, 9)),
  ),
  bundle(
    'nonce-other-place',
    "The proof is for another client's nonce.",
    ['nonce'],
    challenged,
    asking(bytes(32, 1)),
  ),
  bundle(
    'nonce-without-proof',
    'A challenge quote without the proof.',
    ['evidence-format'],
    mine.evidence,
    asking(bytes(32, 2)),
  ),
  bundle(
    'epoch-for-challenge',
    'An epoch quote where a challenge was sent.',
    ['nonce'],
    honest,
    asking(bytes(32, 2)),
  ),
  bundle(
    'epoch-with-challenge',
    'An epoch quote whose statement carries an old challenge.',
    ['nonce'],
    makeEvidence({ challenge: bytes(32, 1) }),
  ),
]

const [release] = policy.tdx.measurements
const events = [bytes(48, 1), bytes(48, 2)]
const replayPolicy = {
  ...policy,
  tdx: {
    ...policy.tdx,
    measurements:
      release === undefined
        ? []
        : [
            {
              ...release,
              rtMr3: {
                replayed: [
                  { name: 'model', digests: [toHex(bytes(48, 1))] },
                  { name: 'instance', digests: 'any' as const },
                ],
              },
            },
          ],
  },
}
function measuredGuest() {
  const body = machine.report(reportDataOf())
  return writeTdxQuote(
    crypto,
    { ...body, rtMr: body.rtMr.with(3, replayRegister(crypto, events)) },
    machine.material,
  )
}
function reportDataOf(): Uint8Array {
  return reportData(crypto, 'epoch', honest.statement)
}
const replayed = { ...honest, quote: measuredGuest() }
const logged = (id: string, comment: string, failed: readonly string[], eventLog: Uint8Array) =>
  bundle(id, comment, failed, { ...replayed, eventLog }, { policy: replayPolicy })
const logs: readonly CorpusEntry[] = [
  logged(
    'event-log-good',
    'RTMR3 replayed from an event log, each event allowed by name.',
    [],
    concat(...events),
  ),
  logged(
    'event-log-reordered',
    'The same events in another order.',
    ['measurements'],
    concat(...events.toReversed()),
  ),
  logged(
    'event-log-cut',
    'Half of an event is missing.',
    ['measurements'],
    concat(...events).subarray(0, 72),
  ),
  logged('event-log-absurd', 'More events than are read.', ['evidence-format'], bytes(48 * 65, 1)),
]

const forms: readonly CorpusEntry[] = [
  bundle('statement-padded', 'A zero byte behind the statement.', ['statement-format'], {
    ...honest,
    statement: concat(honest.statement, zeros(1)),
  }),
  bundle('statement-empty', 'No statement.', ['evidence-format'], {
    ...honest,
    statement: zeros(0),
  }),
  bundle(
    'statement-short-key',
    'A sealing key of another length than its suite has.',
    ['statement-format'],
    { ...honest, statement: honest.statement.subarray(0, 700) },
  ),
  bundle('collateral-padded', 'An unknown field behind the collateral.', ['collateral-format'], {
    ...honest,
    collateral: concat(honest.collateral, Uint8Array.of(0x7a, 1, 0)),
  }),
  bundle('collateral-twice', 'The collateral twice.', ['collateral-format'], {
    ...honest,
    collateral: concat(honest.collateral, honest.collateral),
  }),
  bundle(
    'snp-evidence-as-tdx',
    'SNP evidence that calls itself TDX.',
    ['quote-format', 'collateral-format'],
    { ...honest, quote: zeros(1_184), collateral: zeros(3) },
  ),
  {
    ...bundle('bundle-cut', 'A bundle without its last byte.', ['evidence-format'], honest),
    evidence: new TextEncoder().encode('cocoon/evidence/1\0\u0001'),
  },
  {
    ...bundle('no-evidence', 'Bytes of no known form.', ['evidence-format'], honest),
    evidence: bytes(64, 0x5a),
  },
]

export const STATEMENTS: readonly CorpusEntry[] = [
  ...basics,
  ...replays,
  ...times,
  ...challenges,
  ...logs,
  ...forms,
]

/** A simulated network to attest on: manufacturer, a machine, a provider's statement and a client. */
import { createMachine } from '#attestation/evidence/simulated/machine.ts'
import { simulatedManufacturer } from '#attestation/evidence/simulated/manufacturer.ts'
import { simulatedMeasurement } from '#attestation/evidence/simulated/measurements.ts'
import { simulatedNetworkPolicy } from '#attestation/policy/builtin.ts'
import { policyDigest } from '#attestation/policy/policy.ts'
import { encodeStatement, reportData, type StatementCore } from '#attestation/statement.ts'
import type { EvidenceBundle } from '#attestation/types.ts'
import type { VerdictContext } from '#attestation/verdict.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { appendLeaf, emptyTree, leafHash, proveLeaf, treeRoot } from '#protocol/merkle.ts'

export const bytes = (length: number, value: number): Uint8Array =>
  new Uint8Array(length).fill(value)
export const zeros = (length: number): Uint8Array => bytes(length, 0)

export const nowMs = Date.UTC(2026, 10, 22, 12, 30)
export const minuteMs = 60_000
const globalId = -3
export const seed = bytes(32, 7)
export const runtimeDigest = bytes(32, 9)

export const manufacturer = simulatedManufacturer({ seed, nowMs, crypto })
export const machine = createMachine(
  crypto,
  seed,
  manufacturer.authorities,
  'provider 1',
  runtimeDigest,
)
export const policy = simulatedNetworkPolicy({
  anchors: [manufacturer.anchor],
  measurements: { tdx: [simulatedMeasurement(crypto, runtimeDigest)] },
})

const block = { seqno: 41, rootHash: bytes(32, 0x42), timeMs: nowMs - 5 * minuteMs }

export const core: StatementCore = {
  globalId,
  registry: '',
  role: 'provider',
  identityKey: bytes(32, 1),
  settlementKey: bytes(32, 2),
  payoutAddress: `0:${'ab'.repeat(32)}`,
  hpkeSuite: 'MLKEM768-X25519/HKDF-SHA256/AES-256-GCM',
  hpkeKey: bytes(1_216, 3),
  responseKey: bytes(32, 4),
  policyDigest: policyDigest(crypto, policy),
  modelRoot: bytes(32, 5),
  runtimeDigest,
  bootId: bytes(16, 6),
  epoch: 1n,
  notBefore: { seqno: block.seqno, rootHash: block.rootHash },
  notAfterMs: nowMs + 55 * minuteMs,
}

export const context: VerdictContext = {
  crypto,
  globalId,
  nowMs,
  anchors: [manufacturer.anchor],
  policy,
  expected: { identityKey: core.identityKey, modelRoot: core.modelRoot, role: 'provider' },
  notBeforeBlock: block,
}

interface EvidenceOptions {
  readonly core?: Partial<StatementCore>
  readonly challenge?: Uint8Array
  readonly mode?: EvidenceBundle['mode']
  readonly gpuEvidence?: Uint8Array
}

/** Evidence as an honest machine makes it, over a statement with these changes. */
export function makeEvidence(options: EvidenceOptions = {}): EvidenceBundle {
  const { mode = 'epoch', gpuEvidence = zeros(0), challenge = zeros(32) } = options
  const gpuEvidenceHash = gpuEvidence.length === 0 ? zeros(32) : crypto.sha256(gpuEvidence)
  const statement = encodeStatement({
    core: { ...core, ...options.core },
    gpuEvidenceHash,
    challenge,
  })
  const quote = machine.quote(reportData(crypto, mode, statement))
  return { kind: 'tdx', mode, statement, quote, collateral: manufacturer.collateral, gpuEvidence }
}

/** A challenge quote that answers several clients, and what the one at `index` checks. */
export function makeChallenge(nonces: readonly Uint8Array[], index: number) {
  const leaves = nonces.map((nonce) => leafHash(crypto, nonce))
  const tree = leaves.reduce((sum, leaf) => appendLeaf(crypto, sum, leaf), emptyTree())
  const evidence = makeEvidence({ mode: 'challenge', challenge: treeRoot(crypto, tree) })
  const clientNonce = nonces[index] ?? zeros(32)
  return { evidence, challenge: { clientNonce, proof: proveLeaf(crypto, leaves, index) } }
}

/** SIMULATED evidence of every kind, and what a client needs to judge it: the subjects of `cocoon bench attest`. */
import { simulatedNvidia } from '#attestation/evidence/simulated/gpu-manufacturer.ts'
import { simulatedManufacturer } from '#attestation/evidence/simulated/manufacturer.ts'
import { simulatedMeasurement } from '#attestation/evidence/simulated/measurements.ts'
import { simulatedSnpMeasurement } from '#attestation/evidence/simulated/measurements-snp.ts'
import { simulatedAmd } from '#attestation/evidence/simulated/snp-manufacturer.ts'
import { simulatedNetworkPolicy } from '#attestation/policy/builtin.ts'
import { policyDigest } from '#attestation/policy/policy.ts'
import { encodeStatement, reportData } from '#attestation/statement.ts'
import { encodeStatementCore, type StatementCore } from '#attestation/statement-core.ts'
import type { EvidenceBundle, QuoteSource } from '#attestation/types.ts'
import type { VerdictContext } from '#attestation/verdict.ts'
import { utf8 } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { DEFAULT_SEAL_SUITE, generateSealingKey } from '#protocol/session/seal.ts'

const GLOBAL_ID = -3
const NOW_MS = Date.UTC(2026, 10, 22, 12, 30)
const MINUTE_MS = 60_000
const OTHER_MACHINES = 40
const NONE: Uint8Array = new Uint8Array(0)
const ZEROS = new Uint8Array(32)

export interface AttestSubjects {
  readonly context: VerdictContext
  readonly tdx: EvidenceBundle
  /** Of other machines under the same collateral. */
  readonly otherTdx: readonly EvidenceBundle[]
  readonly snp: EvidenceBundle
  /** An SNP machine with one GPU. */
  readonly gpu: EvidenceBundle
  /** DER of the simulated TDX root. */
  readonly tdxRoot: Uint8Array
}

export async function attestSubjects(crypto: CryptoPort, seed: number): Promise<AttestSubjects> {
  const seedBytes = crypto.sha256(utf8(`bench ${seed}`))
  const runtimeDigest = crypto.sha256(seedBytes)
  const maker = { seed: seedBytes, nowMs: NOW_MS, crypto }
  const [intel, amd, nvidia] = [
    simulatedManufacturer(maker),
    simulatedAmd(maker),
    simulatedNvidia(maker),
  ]
  const anchors = [intel.anchor, amd.anchor, nvidia.anchor]
  const measurements = {
    tdx: [simulatedMeasurement(crypto, runtimeDigest)],
    snp: [simulatedSnpMeasurement(crypto, runtimeDigest)],
  }
  const policy = simulatedNetworkPolicy({ anchors, measurements })
  const block = { seqno: 41, rootHash: crypto.sha256(ZEROS), timeMs: NOW_MS - 5 * MINUTE_MS }
  const key = (n: number) => crypto.sha256(Uint8Array.of(n))
  const core: StatementCore = {
    globalId: GLOBAL_ID,
    registry: '',
    role: 'provider',
    identityKey: key(1),
    settlementKey: key(2),
    payoutAddress: `0:${'ab'.repeat(32)}`,
    hpkeSuite: DEFAULT_SEAL_SUITE,
    hpkeKey: (await generateSealingKey(DEFAULT_SEAL_SUITE)).publicKey,
    responseKey: key(3),
    policyDigest: policyDigest(crypto, policy),
    modelRoot: key(4),
    runtimeDigest,
    bootId: key(5).subarray(0, 16),
    epoch: 1n,
    notBefore: { seqno: block.seqno, rootHash: block.rootHash },
    notAfterMs: NOW_MS + 55 * MINUTE_MS,
  }
  const quoted = async (
    kind: EvidenceBundle['kind'],
    source: QuoteSource,
    gpuEvidence = NONE,
  ): Promise<EvidenceBundle> => {
    const gpuEvidenceHash = gpuEvidence.length === 0 ? ZEROS : crypto.sha256(gpuEvidence)
    const statement = encodeStatement({ core, gpuEvidenceHash, challenge: ZEROS })
    const made = await source.quote(reportData(crypto, 'epoch', statement))
    return { kind, mode: 'epoch', statement, ...made, gpuEvidence }
  }
  const snpMachine = amd.machine('one', runtimeDigest)
  const gpuEvidence = await nvidia.gpus('one', 1).evidence(encodeStatementCore(core))
  const { identityKey, modelRoot } = core
  return {
    context: {
      crypto,
      globalId: GLOBAL_ID,
      nowMs: NOW_MS,
      anchors,
      policy,
      expected: { identityKey, modelRoot, role: 'provider' },
      notBeforeBlock: block,
    },
    tdx: await quoted('tdx', intel.machine('one', runtimeDigest)),
    otherTdx: await Promise.all(
      Array.from({ length: OTHER_MACHINES }, (_, at) =>
        quoted('tdx', intel.machine(`other ${at}`, runtimeDigest)),
      ),
    ),
    snp: await quoted('sev-snp', snpMachine),
    gpu: await quoted('sev-snp', snpMachine, gpuEvidence),
    tdxRoot: intel.anchor.rootCertificate,
  }
}

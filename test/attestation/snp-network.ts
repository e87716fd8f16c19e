/** Simulated SNP machines and GPUs, and evidence of them that one thing is wrong with. */
import {
  type DeviceIssuer,
  issueDeviceRevocationList,
} from '#attestation/evidence/simulated/device-certificates.ts'
import { simulatedNvidia } from '#attestation/evidence/simulated/gpu-manufacturer.ts'
import { simulatedSnpMeasurement } from '#attestation/evidence/simulated/measurements-snp.ts'
import {
  createSnpMachine,
  type SnpMachineOptions,
} from '#attestation/evidence/simulated/snp-machine.ts'
import { simulatedAmd } from '#attestation/evidence/simulated/snp-manufacturer.ts'
import {
  type SnpReportFields,
  writeSnpReport,
} from '#attestation/evidence/simulated/snp-report-writer.ts'
import { simulatedNetworkPolicy } from '#attestation/policy/builtin.ts'
import { encodeStatement, reportData, type StatementCore } from '#attestation/statement.ts'
import type { EvidenceBundle } from '#attestation/types.ts'
import { type VerdictContext, verifyEvidence } from '#attestation/verdict.ts'
import { encodeSnpCollateral, type SnpCollateral } from '#attestation/verify/snp/collateral.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { context, core, nowMs, runtimeDigest, seed, zeros } from './network.ts'

export type SnpKind = Pick<SnpMachineOptions, 'product' | 'signingKey'>

const genoa: SnpKind = { product: 'genoa', signingKey: 'vcek' }
const manufacturers = new Map<string, ReturnType<typeof simulatedAmd>>()

/** Making one costs RSA signatures, so each is made once. */
export function amdOf(kind: SnpKind = genoa) {
  const key = `${kind.product} ${kind.signingKey}`
  const made = manufacturers.get(key) ?? simulatedAmd({ seed, nowMs, crypto, ...kind })
  manufacturers.set(key, made)
  return made
}

export const amd = amdOf()
export const nvidia = simulatedNvidia({ seed, crypto })

export function machineOf(kind: SnpKind = genoa, name = 'provider 1') {
  return createSnpMachine(crypto, seed, amdOf(kind).authorities, { ...kind, name, runtimeDigest })
}

const measurements = { snp: [simulatedSnpMeasurement(crypto, runtimeDigest)] }

export function snpContext(kind: SnpKind = genoa): VerdictContext {
  const anchors = [amdOf(kind).anchor, nvidia.anchor]
  const policy = simulatedNetworkPolicy({ anchors, measurements })
  const { snp } = policy
  const products = snp.products.some(({ product }) => product === kind.product)
    ? snp.products
    : [...snp.products, { product: kind.product, tcbMin: { ...zeroTcb } }]
  const signingKeys = [kind.signingKey]
  return { ...context, anchors, policy: { ...policy, snp: { ...snp, products, signingKeys } } }
}

const zeroTcb = { fmc: 0, bootLoader: 0, tee: 0, snp: 0, microcode: 0 }

export interface SnpForgery {
  readonly kind?: SnpKind
  readonly fields?: Partial<SnpReportFields>
  readonly collateral?: Partial<SnpCollateral>
  /** Changes the finished report. */
  readonly report?: (report: Uint8Array) => Uint8Array
  readonly core?: Partial<StatementCore>
  readonly gpuEvidence?: Uint8Array
  readonly context?: Partial<VerdictContext>
}

export function makeSnpEvidence(forgery: SnpForgery = {}): EvidenceBundle {
  const { kind = genoa, gpuEvidence = zeros(0) } = forgery
  const { authorities, crl } = amdOf(kind)
  const machine = machineOf(kind)
  const gpuEvidenceHash = gpuEvidence.length === 0 ? zeros(32) : crypto.sha256(gpuEvidence)
  const challenge = zeros(32)
  const statement = encodeStatement({
    core: { ...core, ...forgery.core },
    gpuEvidenceHash,
    challenge,
  })
  const fields = { ...machine.fields(reportData(crypto, 'epoch', statement)), ...forgery.fields }
  const report = writeSnpReport(fields, machine.key)
  const chain = [machine.certificate, authorities.signer.certificate, authorities.root.certificate]
  const collateral = encodeSnpCollateral({ chain, crl, ...forgery.collateral })
  const quote = forgery.report?.(report) ?? report
  return { kind: 'sev-snp', mode: 'epoch', statement, quote, collateral, gpuEvidence }
}

/** The first step that failed, as `name: detail`, or `accepted`. */
export function snpVerdictOn(forgery: SnpForgery): string {
  const verdict = verifyEvidence(makeSnpEvidence(forgery), {
    ...snpContext(forgery.kind),
    ...forgery.context,
  })
  const failed = verdict.steps.find((step) => step.status === 'failed')
  if (failed !== undefined) return `${failed.name}: ${failed.detail}`
  return verdict.ok ? 'accepted' : 'incomplete'
}

const dayMs = 86_400_000

export function revocationListOf(
  issuer: DeviceIssuer,
  order: { revoked?: readonly string[]; thisUpdateMs?: number; nextUpdateMs?: number } = {},
): Uint8Array {
  const dates = { thisUpdateMs: nowMs - dayMs, nextUpdateMs: nowMs + dayMs }
  return issueDeviceRevocationList(
    crypto,
    amd.authorities.names,
    { revoked: [], ...dates, ...order },
    issuer,
  )
}

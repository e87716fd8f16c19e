/** The two policies that come with the program. */
import { amdAnchorId } from '#attestation/anchors/amd.ts'
import { INTEL_ANCHOR_ID } from '#attestation/anchors/intel.ts'
import { NVIDIA_ANCHOR_ID } from '#attestation/anchors/nvidia.ts'
import type { TrustAnchor } from '#attestation/types.ts'
import { DEFAULT_SEAL_SUITE } from '#protocol/session/seal.ts'
import {
  type AttestationPolicy,
  type Measurement,
  parsePolicy,
  type SnpMeasurement,
} from './policy.ts'

/** x87, SSE, AVX, AVX-512, PKU, CET and AMX: what Intel's TDX guests use. */
const XFAM_ALLOWED = 'e71a060000000000'

/** What a release measures to on each kind of machine. */
export interface ReleaseMeasurements {
  readonly tdx?: readonly Measurement[]
  readonly snp?: readonly SnpMeasurement[]
}

function tdxSection(measurements: ReleaseMeasurements): AttestationPolicy['tdx'] {
  return {
    mrSeam: 'any',
    xfamAllowed: XFAM_ALLOWED,
    migratable: 'refused',
    measurements: [...(measurements.tdx ?? [])],
  }
}

/** Milan is never in it: its root keys are said to be extractable by software (docs/THREAT-MODEL.md). */
function snpSection(measurements: ReleaseMeasurements): AttestationPolicy['snp'] {
  const genoa = { fmc: 0, bootLoader: 9, tee: 0, snp: 23, microcode: 72 }
  const turin = { fmc: 1, bootLoader: 1, tee: 1, snp: 3, microcode: 51 }
  return {
    products: [
      { product: 'genoa', tcbMin: genoa },
      { product: 'turin', tcbMin: turin },
    ],
    signingKeys: ['vcek'],
    reportVersionMin: 3,
    abiMin: { major: 1, minor: 55 },
    guest: {
      debug: 'refused',
      migrationAgent: 'refused',
      vmplMax: 0,
      singleSocket: 'any',
      smt: 'allowed',
    },
    platform: {
      aliasCheckComplete: 'required',
      ciphertextHiding: 'any',
      pageSwapDisabled: 'any',
      eccMemory: 'any',
      raplDisabled: 'any',
    },
    idKeyDigests: 'any',
    authorKeyDigests: 'any',
    measurements: [...(measurements.snp ?? [])],
  }
}

function gpuSection(need: AttestationPolicy['gpu']['need']): AttestationPolicy['gpu'] {
  return {
    need,
    architectures: ['hopper', 'blackwell'],
    drivers: 'any',
    vbios: 'any',
    rims: 'any',
    nras: 'none',
  }
}

const FRESHNESS: AttestationPolicy['freshness'] = {
  challengeFirstContact: true,
  challengeLocationVerified: true,
  spotChecksPerThousand: 20,
}

/**
 * Production. The measurements are those of the releases that the user accepts; with none, which is how
 * this version ships, every machine is refused.
 */
export function defaultPolicy(measurements: ReleaseMeasurements = {}): AttestationPolicy {
  return parsePolicy({
    version: 2,
    name: 'production',
    tierMin: 'confidential',
    tees: ['tdx', 'sev-snp'],
    anchors: [INTEL_ANCHOR_ID, amdAnchorId('genoa'), amdAnchorId('turin'), NVIDIA_ANCHOR_ID],
    tcb: { statuses: ['UpToDate'], advisories: [], evaluationNumberMin: 18, grace: null },
    tdx: tdxSection(measurements),
    snp: snpSection(measurements),
    gpu: gpuSection('optional'),
    hardware: { tierMin: 'genuine', endorsed: [], locationVerified: [], revoked: [] },
    sealingSuites: [DEFAULT_SEAL_SUITE],
    freshness: FRESHNESS,
    claimedPolicy: 'any',
  })
}

/** A testnet whose machines are simulated; the tier of its verdicts is `simulated`. */
export function simulatedNetworkPolicy(options: {
  /** Of every kind of simulated machine that the network has. */
  readonly anchors: readonly TrustAnchor[]
  /** One per accepted runtime and kind of machine. */
  readonly measurements: ReleaseMeasurements
}): AttestationPolicy {
  return parsePolicy({
    version: 2,
    name: 'simulated-network',
    tierMin: 'simulated',
    tees: ['simulated-tdx', 'simulated-snp'],
    anchors: options.anchors.map((anchor) => anchor.id),
    tcb: { statuses: ['UpToDate'], advisories: [], evaluationNumberMin: 17, grace: null },
    tdx: tdxSection(options.measurements),
    snp: snpSection(options.measurements),
    gpu: gpuSection('optional'),
    hardware: { tierMin: 'software', endorsed: [], locationVerified: [], revoked: [] },
    sealingSuites: [DEFAULT_SEAL_SUITE],
    freshness: FRESHNESS,
    claimedPolicy: 'any',
  })
}

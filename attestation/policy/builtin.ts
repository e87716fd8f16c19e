/** The two policies that come with the program. */
import { INTEL_ANCHOR_ID } from '#attestation/anchors/intel.ts'
import type { TrustAnchor } from '#attestation/types.ts'
import { DEFAULT_SEAL_SUITE } from '#protocol/session/seal.ts'
import { type AttestationPolicy, type Measurement, parsePolicy } from './policy.ts'

/** x87, SSE, AVX, AVX-512, PKU and AMX: what Intel's TDX guests use. */
const XFAM_ALLOWED = 'e702060000000000'

/**
 * Production. `measurements` are those of the releases that the user accepts; with none, which is how
 * this version ships, every machine is refused.
 */
export function defaultPolicy(measurements: readonly Measurement[] = []): AttestationPolicy {
  return parsePolicy({
    version: 1,
    name: 'production',
    tierMin: 'confidential',
    tees: ['tdx'],
    anchors: [INTEL_ANCHOR_ID],
    tcb: { statuses: ['UpToDate'], advisories: [], evaluationNumberMin: 18 },
    tdx: { mrSeam: [], xfamAllowed: XFAM_ALLOWED, measurements: [...measurements] },
    gpu: 'optional',
    sealingSuites: [DEFAULT_SEAL_SUITE],
    claimedPolicy: 'any',
  })
}

/** A testnet whose machines are simulated; the tier of its verdicts is `simulated`. */
export function simulatedNetworkPolicy(options: {
  readonly anchor: TrustAnchor
  /** From `simulatedMeasurement`, one per accepted runtime. */
  readonly measurements: readonly Measurement[]
}): AttestationPolicy {
  return parsePolicy({
    version: 1,
    name: 'simulated-network',
    tierMin: 'simulated',
    tees: ['simulated-tdx'],
    anchors: [options.anchor.id],
    tcb: { statuses: ['UpToDate'], advisories: [], evaluationNumberMin: 17 },
    tdx: { mrSeam: [], xfamAllowed: XFAM_ALLOWED, measurements: [...options.measurements] },
    gpu: 'none',
    sealingSuites: [DEFAULT_SEAL_SUITE],
    claimedPolicy: 'any',
  })
}

/** GPU evidence as it travels: bounded, and in the one encoding that writing it again gives. */
import { GPU_DEVICES_MAX, GPU_REPORT_BYTES_MAX, GPU_RIMS_MAX } from '#attestation/constants.ts'
import { tagged, u32be } from '#protocol/bytes.ts'
import { decodeCanonical, encodeMessage } from '#protocol/codec.ts'
import { EVIDENCE_GPU_BYTES_MAX } from '#protocol/constants.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { GpuEvidenceSchema } from '#protocol/wire/gen/cocoon_pb.ts'
import { refuse } from '../refuse.ts'

export interface GpuDeviceEvidence {
  /** SPDM GET_MEASUREMENTS request, then its MEASUREMENTS response. */
  readonly report: Uint8Array
  /** DER, leaf first, root last. */
  readonly chain: readonly Uint8Array[]
}

/** Fields of cocoon.v1.GpuEvidence. */
export interface GpuEvidence {
  /** In the order of their nonces. */
  readonly devices: readonly GpuDeviceEvidence[]
  /** Reference integrity manifests, exact files; good when the policy lists their hash. */
  readonly rims: readonly Uint8Array[]
}

export function encodeGpuEvidence(evidence: GpuEvidence): Uint8Array {
  const devices = evidence.devices.map(({ report, chain }) => ({ report, chain: [...chain] }))
  return encodeMessage(GpuEvidenceSchema, { devices, rims: [...evidence.rims] })
}

/**
 * @throws ProtocolError FRAME_MALFORMED
 * @throws AttestationError CHECK_FAILED when there is no device, or too much of anything
 */
export function decodeGpuEvidence(bytes: Uint8Array): GpuEvidence {
  const { devices, rims } = decodeCanonical(GpuEvidenceSchema, bytes, EVIDENCE_GPU_BYTES_MAX)
  if (devices.length === 0 || devices.length > GPU_DEVICES_MAX) {
    refuse(`${devices.length} GPUs, 1 to ${GPU_DEVICES_MAX} are read`)
  }
  if (rims.length > GPU_RIMS_MAX) refuse(`${rims.length} manifests, at most ${GPU_RIMS_MAX}`)
  if (devices.some(({ report }) => report.length > GPU_REPORT_BYTES_MAX)) {
    refuse(`a report above ${GPU_REPORT_BYTES_MAX} bytes`)
  }
  return { devices, rims }
}

/**
 * What GPU `index` must have been asked with: SHA-256 of tagged("cocoon/gpu/1", u32 index, core). The core has no
 * GPU field, so that statement and GPU evidence can name each other.
 */
export function gpuNonce(crypto: CryptoPort, index: number, core: Uint8Array): Uint8Array {
  return crypto.sha256(tagged('cocoon/gpu/1', u32be(index), core))
}

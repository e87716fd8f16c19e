/** The only roots that may ever be called `production`, by the SHA-256 of their DER. */
import type { AnchorKind } from '#attestation/types.ts'
import { AMD_ROOTS_SHA256 } from './amd.ts'
import { INTEL_ROOT_SHA256 } from './intel.ts'
import { NVIDIA_ROOT_SHA256 } from './nvidia.ts'

export const PRODUCTION_ROOTS: Readonly<Record<AnchorKind, readonly string[]>> = {
  'tdx-dcap': [INTEL_ROOT_SHA256],
  'amd-ark': AMD_ROOTS_SHA256,
  'nvidia-device-identity': [NVIDIA_ROOT_SHA256],
}

/** What a policy says about GPU evidence. */
import { z } from 'zod'
import { anyOrList, hex, list, remark } from './fields.ts'

export const GPU_ARCHITECTURES = ['hopper', 'blackwell'] as const

export const gpuSection = z.strictObject({
  /** none: not looked at; optional: what is there must be good; required: must be there and good. */
  need: z.enum(['none', 'optional', 'required']),
  architectures: list(z.enum(GPU_ARCHITECTURES)),
  /** Exact version strings of the driver and of the VBIOS. */
  drivers: anyOrList(remark),
  vbios: anyOrList(remark),
  /** SHA-256 of reference integrity manifests whose measurements count; any: none is compared. */
  rims: anyOrList(hex(32)),
  /** NVIDIA's remote attestation service as a second opinion. */
  nras: z.enum(['none', 'optional', 'required']),
})

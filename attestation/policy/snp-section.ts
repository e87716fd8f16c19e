/** What a policy says about AMD SEV-SNP: which processors at which firmware, and the guest on them. */
import { z } from 'zod'
import { anyOrList, hex, list, need, svn } from './fields.ts'
import { snpMeasurement } from './release.ts'

export const SNP_PRODUCTS = ['milan', 'genoa', 'turin'] as const
export type SnpProduct = (typeof SNP_PRODUCTS)[number]

/** Floors of the reported TCB, one per component; `fmc` exists from Turin on and is 0 before. */
const tcb = z.strictObject({ fmc: svn, bootLoader: svn, tee: svn, snp: svn, microcode: svn })
export type SnpTcb = z.infer<typeof tcb>

const product = z.strictObject({ product: z.enum(SNP_PRODUCTS), tcbMin: tcb })

/** Bits of the guest's POLICY; DEBUG is refused in code and stands here for the reader. */
const guest = z.strictObject({
  debug: z.literal('refused'),
  migrationAgent: z.enum(['refused', 'allowed']),
  /** The most privileged level is 0. */
  vmplMax: z.number().int().min(0).max(3),
  singleSocket: need,
  smt: z.enum(['refused', 'allowed']),
})

/** Bits of PLATFORM_INFO and of the guest's POLICY that ask the platform for something. */
const platform = z.strictObject({
  /** ALIAS_CHECK_COMPLETE: memory was checked for aliases at boot (report version 3 on). */
  aliasCheckComplete: need,
  ciphertextHiding: need,
  /** PAGE_SWAP_DISABLE in the guest policy (report version 5). */
  pageSwapDisabled: need,
  eccMemory: need,
  raplDisabled: need,
})

export const snpSection = z.strictObject({
  products: list(product),
  /** Keys that sign reports: of the chip, or loaded by a cloud provider. */
  signingKeys: list(z.enum(['vcek', 'vlek'])),
  reportVersionMin: z.number().int().min(2).max(5),
  /** Firmware version that the platform committed to: it cannot go back below it. */
  abiMin: z.strictObject({ major: svn, minor: svn }),
  guest,
  platform,
  /** Digests of the keys of ID block and author; any: a guest without them too. */
  idKeyDigests: anyOrList(hex(48)),
  authorKeyDigests: anyOrList(hex(48)),
  measurements: list(snpMeasurement),
})

/**
 * What a policy says about single machines. Genuine hardware in an attacker's hands can be opened
 * (docs/THREAT-MODEL.md), so a policy can ask who vouches for a machine and where it stands.
 */
import { z } from 'zod'
import { list, remark } from './fields.ts'

/** From the least to the most: simulated, a manufacturer's, vouched for, seen in its place. */
export const HARDWARE_TIERS = ['software', 'genuine', 'endorsed', 'location-verified'] as const
export type HardwareTier = (typeof HARDWARE_TIERS)[number]

/**
 * A machine or device: its id in clear (PPID, CHIP_ID, GPU device id), or salted and hashed, so that a
 * published list does not name hosts: `sha256:SALT:SHA-256("cocoon/hardware/1" 00, salt, "tdx:PPID")`.
 */
const hardware = z
  .string()
  .regex(
    /^(tdx:[0-9a-f]{32}|sev-snp:[0-9a-f]{128}|nvidia-gpu:[0-9a-f]{16,64}|sha256:[0-9a-f]{32}:[0-9a-f]{64})$/,
  )

const vouched = z.strictObject({ hardware, by: remark })

export const hardwareSection = z.strictObject({
  tierMin: z.enum(HARDWARE_TIERS),
  /** Somebody with something at stake says that the machine is theirs. */
  endorsed: list(vouched),
  /** Somebody independent saw where the machine stands. */
  locationVerified: list(vouched),
  /** Refused whatever else is good about them. */
  revoked: list(z.strictObject({ hardware, reason: remark })),
})
export type HardwareSection = z.infer<typeof hardwareSection>

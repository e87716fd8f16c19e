/**
 * TDATTRIBUTES and XFAM of the guest (Intel TDX Module ABI Specification). Whatever lets a host look
 * inside, or is not defined, is refused.
 */
import type { AttestationPolicy } from '#attestation/policy/policy.ts'
import { fromHex, toHex } from '#protocol/bytes.ts'
import type { TdReport } from './quote.ts'
import { refuse } from './refuse.ts'

const DEBUG = 0
const SEPT_VE_DISABLE = 28
const MIGRATABLE = 29
const PERFMON = 63
/** Protection keys for supervisor pages and Key Locker: of use to the guest alone. */
const HARMLESS = [30, 31]

function bitsOf(bytes: Uint8Array): number[] {
  return [...bytes].flatMap((byte, at) =>
    Array.from({ length: 8 }, (_, bit) => 8 * at + bit).filter((bit) => (byte >> (bit % 8)) & 1),
  )
}

/** @throws AttestationError CHECK_FAILED */
export function expectTdAttributes(body: TdReport, policy: AttestationPolicy): void {
  const set = bitsOf(body.tdAttributes)
  if (set.includes(DEBUG)) refuse('DEBUG: the host can read this guest')
  if (!set.includes(SEPT_VE_DISABLE)) refuse('SEPT_VE_DISABLE is off')
  if (set.includes(MIGRATABLE)) refuse('MIGRATABLE: the guest can be moved to another machine')
  if (set.includes(PERFMON)) refuse('PERFMON: the host can count inside this guest')
  const others = set.filter((bit) => bit !== SEPT_VE_DISABLE && !HARMLESS.includes(bit))
  if (others.length > 0) refuse(`TDATTRIBUTES bit ${others[0]} is reserved`)
  const allowed = fromHex(policy.tdx.xfamAllowed)
  const excess = body.xfam.some((byte, at) => (byte & ~(allowed[at] ?? 0)) !== 0)
  if (excess) refuse(`XFAM ${toHex(body.xfam)} is outside ${policy.tdx.xfamAllowed}`)
}

/**
 * TDATTRIBUTES, XFAM and service TDs of the guest (Intel TDX Module ABI Specification). Whatever lets a
 * host look inside, or is not defined, is refused.
 */
import type { AttestationPolicy } from '#attestation/policy/policy.ts'
import { fromHex, toHex } from '#protocol/bytes.ts'
import { refuse } from './refuse.ts'
import type { TdReport } from './td-report.ts'

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

function expectAttributes(attributes: Uint8Array, policy: AttestationPolicy['tdx']): void {
  const found = { found: toHex(attributes) }
  const set = bitsOf(attributes)
  if (set.includes(DEBUG)) refuse('DEBUG: the host can read this guest', found)
  if (!set.includes(SEPT_VE_DISABLE)) refuse('SEPT_VE_DISABLE is off', found)
  if (set.includes(MIGRATABLE) && policy.migratable === 'refused') {
    refuse('MIGRATABLE: the guest can be moved to another machine', found)
  }
  if (set.includes(PERFMON)) refuse('PERFMON: the host can count inside this guest', found)
  const known = [SEPT_VE_DISABLE, MIGRATABLE, ...HARMLESS]
  const others = set.filter((bit) => !known.includes(bit))
  if (others.length > 0) refuse(`TDATTRIBUTES bit ${others[0]} is reserved`, found)
}

/** @throws AttestationError CHECK_FAILED */
export function expectTdAttributes(body: TdReport, policy: AttestationPolicy['tdx']): void {
  expectAttributes(body.tdAttributes, policy)
  const allowed = fromHex(policy.xfamAllowed)
  const excess = body.xfam.some((byte, at) => (byte & ~(allowed[at] ?? 0)) !== 0)
  const xfam = toHex(body.xfam)
  if (excess) refuse(`XFAM ${xfam} is outside ${policy.xfamAllowed}`, { found: xfam })
  const serviceTd = body.td15?.mrServiceTd
  if (serviceTd?.some((byte) => byte !== 0)) {
    refuse('MRSERVICETD: a service TD is bound to this guest', { found: toHex(serviceTd) })
  }
}

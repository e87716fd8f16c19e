/**
 * Bits of the guest's POLICY and of PLATFORM_INFO (AMD SEV-SNP Firmware ABI Specification, guest policy and
 * PLATFORM_INFO). The guest's owner sets the first at launch; the firmware states the second.
 */
import type { AttestationPolicy } from '#attestation/policy/policy.ts'
import { refuse } from '../refuse.ts'
import type { SnpReport } from './report.ts'

type SnpPolicy = AttestationPolicy['snp']

/** Bit numbers of POLICY. */
const POLICY = {
  smt: 16n,
  reservedOne: 17n,
  migrationAgent: 18n,
  debug: 19n,
  singleSocket: 20n,
  ciphertextHiding: 24n,
  pageSwapDisabled: 25n,
} as const
const POLICY_RESERVED_FROM = 26n

/** Bit numbers of PLATFORM_INFO. */
const PLATFORM = {
  ecc: 2n,
  raplDisabled: 3n,
  ciphertextHiding: 4n,
  aliasCheckComplete: 5n,
} as const
/** Bit 6 and everything from bit 8 on are reserved. */
const PLATFORM_RESERVED = ~0b1011_1111n & 0xffff_ffff_ffff_ffffn

function isSet(bits: bigint, bit: bigint): boolean {
  return ((bits >> bit) & 1n) === 1n
}

/** @throws AttestationError CHECK_FAILED */
export function expectGuestPolicy(report: SnpReport, { guest }: SnpPolicy): void {
  const { policy, vmpl } = report
  if (isSet(policy, POLICY.debug)) refuse('the host may debug this guest (DEBUG is set)')
  if (!isSet(policy, POLICY.reservedOne)) refuse('bit 17 of POLICY must be set')
  if (policy >> POLICY_RESERVED_FROM !== 0n) refuse('reserved bits of POLICY are set')
  if (isSet(policy, POLICY.migrationAgent) && guest.migrationAgent === 'refused') {
    refuse('a migration agent may move this guest (MIGRATE_MA is set)')
  }
  if (isSet(policy, POLICY.smt) && guest.smt === 'refused') {
    refuse('this guest may share cores (SMT is set)')
  }
  if (!isSet(policy, POLICY.singleSocket) && guest.singleSocket === 'required') {
    refuse('this guest may run on several sockets (SINGLE_SOCKET is not set)')
  }
  if (vmpl > guest.vmplMax) refuse(`VMPL ${vmpl}, at most ${guest.vmplMax} is accepted`)
}

/** @throws AttestationError CHECK_FAILED */
export function expectPlatform(report: SnpReport, { platform }: SnpPolicy): void {
  const { policy, platformInfo } = report
  if ((platformInfo & PLATFORM_RESERVED) !== 0n) refuse('reserved bits of PLATFORM_INFO are set')
  const isHidden = isSet(platformInfo, PLATFORM.ciphertextHiding)
  const given = {
    aliasCheckComplete: isSet(platformInfo, PLATFORM.aliasCheckComplete) && report.version >= 3,
    // On now, and demanded by the guest for as long as it runs.
    ciphertextHiding: isHidden && isSet(policy, POLICY.ciphertextHiding),
    pageSwapDisabled: isSet(policy, POLICY.pageSwapDisabled),
    eccMemory: isSet(platformInfo, PLATFORM.ecc),
    raplDisabled: isSet(platformInfo, PLATFORM.raplDisabled),
  }
  for (const name of Object.keys(given) as (keyof typeof given)[]) {
    if (platform[name] === 'required' && !given[name]) refuse(`${name} is required and off`)
  }
}

/**
 * Which single machine this is, and what the policy says about it. The id comes from a manufacturer's
 * certificate, so that a guest cannot choose it (docs/spec/attestation.md#hardware-identity).
 */
import {
  HARDWARE_TIERS,
  type HardwareSection,
  type HardwareTier,
} from '#attestation/policy/hardware-section.ts'
import type { TrustAnchor } from '#attestation/types.ts'
import { concat, fromHex, toHex, utf8 } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { refuse } from './refuse.ts'

export interface HardwareId {
  readonly kind: 'tdx' | 'sev-snp' | 'nvidia-gpu'
  /** PPID (16 bytes), CHIP_ID (64 bytes, as in the report), or the GPU's device id. */
  readonly id: Uint8Array
}

export interface HardwareIdentity {
  readonly tier: HardwareTier
  /** As policies write it in clear: `tdx:PPID`. */
  readonly name: string
}

const TAG = concat(utf8('cocoon/hardware/1'), Uint8Array.of(0))
const SALTED = /^sha256:([0-9a-f]{32}):([0-9a-f]{64})$/

/** In clear, as a policy may list it. */
export function hardwareName({ kind, id }: HardwareId): string {
  return `${kind}:${toHex(id)}`
}

/**
 * As a policy lists it when it shall not name the host to those who do not know it already.
 * @param salt 16 bytes
 * @throws RangeError for another length
 */
export function saltedHardware(crypto: CryptoPort, salt: Uint8Array, id: HardwareId): string {
  if (salt.length !== 16) throw new RangeError('a hardware salt is 16 bytes')
  const hash = crypto.sha256(concat(TAG, salt, utf8(hardwareName(id))))
  return `sha256:${toHex(salt)}:${toHex(hash)}`
}

function isListed(crypto: CryptoPort, entry: string, id: HardwareId): boolean {
  if (entry === hardwareName(id)) return true
  const [, salt] = SALTED.exec(entry) ?? []
  return salt !== undefined && entry === saltedHardware(crypto, fromHex(salt), id)
}

/** @throws AttestationError CHECK_FAILED for revoked hardware */
export function expectUnrevoked(
  crypto: CryptoPort,
  section: Pick<HardwareSection, 'revoked'>,
  id: HardwareId,
): void {
  const entry = section.revoked.find(({ hardware }) => isListed(crypto, hardware, id))
  if (entry !== undefined) {
    refuse(`revoked hardware: ${entry.reason}`, { found: hardwareName(id) })
  }
}

/** The highest tier that anybody the policy names vouches for; simulated machines have none above the first. */
function tierOf(
  crypto: CryptoPort,
  section: HardwareSection,
  environment: TrustAnchor['environment'],
  id: HardwareId,
): HardwareTier {
  const among = (list: HardwareSection['endorsed']): boolean =>
    list.some(({ hardware }) => isListed(crypto, hardware, id))
  if (environment === 'simulated') return 'software'
  if (among(section.locationVerified)) return 'location-verified'
  return among(section.endorsed) ? 'endorsed' : 'genuine'
}

/** @throws AttestationError CHECK_FAILED when it is revoked or below the policy's tier */
export function expectHardware(
  crypto: CryptoPort,
  section: HardwareSection,
  environment: TrustAnchor['environment'],
  id: HardwareId,
): HardwareIdentity {
  expectUnrevoked(crypto, section, id)
  const name = hardwareName(id)
  const tier = tierOf(crypto, section, environment, id)
  if (HARDWARE_TIERS.indexOf(tier) < HARDWARE_TIERS.indexOf(section.tierMin)) {
    refuse(`hardware of tier ${tier}, the policy asks for ${section.tierMin}`, { found: name })
  }
  return { tier, name }
}

/** What a simulated SNP guest measures to: a hash of its runtime digest. */
import type { SnpMeasurement } from '#attestation/policy/policy.ts'
import { tagged, toHex, utf8 } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'

/**
 * The policy entry for a runtime; simulated SNP machines measure to the same values.
 * @throws RangeError when the digest is not 32 bytes
 */
export function simulatedSnpMeasurement(
  crypto: CryptoPort,
  runtimeDigest: Uint8Array,
): SnpMeasurement {
  if (runtimeDigest.length !== 32) throw new RangeError('a runtime digest is 32 bytes')
  const text = tagged('cocoon/simulated-measurement/1', utf8('snp'), runtimeDigest)
  return {
    label: `simulated-snp-${toHex(runtimeDigest).slice(0, 16)}`,
    build: null,
    runtimeDigest: toHex(runtimeDigest),
    measurement: toHex(crypto.sha384(text)),
    hostData: '00'.repeat(32),
  }
}

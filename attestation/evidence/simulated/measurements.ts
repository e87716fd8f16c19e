/** What a simulated guest measures to: hashes of its runtime digest, one per register. */
import type { Measurement } from '#attestation/policy/policy.ts'
import { fromHex, tagged, toHex, utf8 } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'

const ZERO = '00'.repeat(48)

/** What a simulated TDX guest measures to: RTMR3 is one value, as nothing extends it at run time. */
export interface SimulatedMeasurement extends Measurement {
  readonly rtMr3: { pinned: string }
}

/**
 * The policy entry for a runtime; `simulatedManufacturer().machine()` measures to the same values.
 * @throws RangeError when the digest is not 32 bytes
 */
export function simulatedMeasurement(
  crypto: CryptoPort,
  runtimeDigest: Uint8Array,
): SimulatedMeasurement {
  if (runtimeDigest.length !== 32) throw new RangeError('a runtime digest is 32 bytes')
  const register = (name: string): string =>
    toHex(crypto.sha384(tagged('cocoon/simulated-measurement/1', utf8(name), runtimeDigest)))
  return {
    label: `simulated-${toHex(runtimeDigest).slice(0, 16)}`,
    build: null,
    runtimeDigest: toHex(runtimeDigest),
    mrTd: register('mrtd'),
    rtMr0: register('rtmr0'),
    rtMr1: register('rtmr1'),
    rtMr2: register('rtmr2'),
    rtMr3: { pinned: register('rtmr3') },
    mrConfigId: ZERO,
    mrOwner: ZERO,
    mrOwnerConfig: ZERO,
  }
}

/** The same values as bytes, in the order of a TD report. */
export function measurementBytes(measurement: SimulatedMeasurement) {
  const { mrTd, rtMr0, rtMr1, rtMr2, rtMr3 } = measurement
  return {
    mrTd: fromHex(mrTd),
    mrConfigId: fromHex(measurement.mrConfigId),
    mrOwner: fromHex(measurement.mrOwner),
    mrOwnerConfig: fromHex(measurement.mrOwnerConfig),
    rtMr: [rtMr0, rtMr1, rtMr2, rtMr3.pinned].map(fromHex),
  }
}

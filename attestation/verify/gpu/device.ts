/**
 * Which GPU this is: five certificates from the key of its running firmware up to NVIDIA's root, and the DICE
 * extension that ties that key to firmware and device (TCG DICE Attestation Architecture, CompositeDeviceID).
 */
import type { DeviceCertificate } from '#attestation/der/device-certificate.ts'
import { readDeviceKey } from '#attestation/der/device-keys.ts'
import { children, expectTag, TAG, unwrapOctets } from '#attestation/der/reader.ts'
import { readOctets, readOid, readSmall } from '#attestation/der/values.ts'
import type { GPU_ARCHITECTURES } from '#attestation/policy/gpu-section.ts'
import { equal, fromHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { verifyDeviceChain } from '../device-chain.ts'
import { refuse } from '../refuse.ts'

const DICE_FWID = '2.23.133.5.4.1'
const SHA384 = '2.16.840.1.101.3.4.2.2'

export interface GpuDevice {
  readonly leaf: DeviceCertificate
  readonly architecture: (typeof GPU_ARCHITECTURES)[number]
  /** Serial number of the certificate that NVIDIA's provisioner gave the device's own key. */
  readonly id: Uint8Array
  /** SHA-384 of the firmware that the leaf key was derived for. */
  readonly fwid: Uint8Array
}

/** Hopper and Blackwell, by the chip that every certificate of the chain names. */
const CHIPS = [
  { pattern: /^GH\d{3} A\d{2} GSP FMC LF$/, architecture: 'hopper' },
  { pattern: /^GB\d{3} A\d{2} GSP FMC LF$/, architecture: 'blackwell' },
] as const

/** Leaf first; `chip` is `GH100`, `stepping` `A01`. */
function profileOf(chip: string, stepping: string) {
  const provisioner = new RegExp(`^NVIDIA ${chip} Provisioner ICA \\d{1,3}$`)
  return [
    (name: string) => name === `${chip} ${stepping} GSP FMC LF`,
    (name: string) => name === `${chip} ${stepping} GSP BROM`,
    (name: string) => provisioner.test(name),
    (name: string) => name === `NVIDIA ${chip} Identity`,
    (name: string) => name === 'NVIDIA Device Identity CA',
  ]
}

/** `SEQUENCE { 1, device key, SEQUENCE { SHA-384, FWID } }`; the device key is that of the issuer. */
function readFwid(leaf: DeviceCertificate, issuer: DeviceCertificate): Uint8Array {
  const extension = leaf.extensions.get(DICE_FWID) ?? refuse('the leaf has no DICE extension')
  const outer = expectTag(unwrapOctets(extension.wrapped, 'DICE'), TAG.sequence, 'DICE')
  const [version, deviceKey, wrapped, ...rest] = children(outer)
  readSmall(version, 1, 'DICE version')
  const key = readDeviceKey(deviceKey)
  const [algorithm, digest, ...more] = children(expectTag(wrapped, TAG.sequence, 'FWID'))
  if (rest.length > 0 || more.length > 0) refuse('a DICE extension of another shape')
  if (readOid(algorithm, 'FWID algorithm') !== SHA384) refuse('a FWID that is no SHA-384')
  const own = issuer.publicKey
  if (key.kind !== 'P-384' || own.kind !== 'P-384') return refuse('a device key that is not P-384')
  if (!equal(key.point, own.point)) refuse('the DICE extension is about another device')
  return readOctets(digest, 48, 'FWID')
}

/**
 * @param root DER of the anchor that was accepted
 * @param firstName common name of the leaf, which says what chip to expect in the rest of the chain
 * @throws AttestationError CHECK_FAILED, DER_MALFORMED
 */
export function verifyGpuDevice(
  crypto: CryptoPort,
  certificates: readonly Uint8Array[],
  root: Uint8Array,
  firstName: string,
  nowMs: number,
): GpuDevice {
  const chip = CHIPS.find(({ pattern }) => pattern.test(firstName))
  if (chip === undefined) return refuse(`"${firstName}" is no GPU that this verifier knows`)
  const [name = '', stepping = ''] = firstName.split(' ')
  const input = { certificates, root, profile: profileOf(name, stepping) }
  const [leaf, device] = verifyDeviceChain(crypto, input, nowMs)
  if (device === undefined) return refuse('a chain without a device')
  const fwid = readFwid(leaf, device)
  const id = fromHex(device.serial)
  if (id.length < 8) refuse('a device serial number of fewer than 8 bytes')
  return { leaf, architecture: chip.architecture, id, fwid }
}

/** What a VCEK or VLEK says about its chip (AMD VCEK Certificate and KDS Interface Specification, 57230). */
import type { DeviceCertificate } from '#attestation/der/device-certificate.ts'
import { expectTag, unwrapOctets } from '#attestation/der/reader.ts'
import type { SnpProduct } from '#attestation/policy/snp-section.ts'
import { equal, fromUtf8, toHex } from '#protocol/bytes.ts'
import { refuse } from '../refuse.ts'
import { productName } from './product.ts'

const AMD_ARC = '1.3.6.1.4.1.3704.1'

export const AMD_OID = {
  productName: `${AMD_ARC}.2`,
  bootLoaderSpl: `${AMD_ARC}.3.1`,
  teeSpl: `${AMD_ARC}.3.2`,
  snpSpl: `${AMD_ARC}.3.3`,
  microcodeSpl: `${AMD_ARC}.3.8`,
  fmcSpl: `${AMD_ARC}.3.9`,
  hardwareId: `${AMD_ARC}.4`,
  cloudProviderId: `${AMD_ARC}.5`,
} as const

const IA5_STRING = 0x16

/** Turin's chips have ids of 8 bytes, which the report pads with zeros to 64. */
const CHIP_ID_BYTES = { milan: 64, genoa: 64, turin: 8 } as const

/**
 * The product, with or without a stepping: `Milan-B0`, `Turin`.
 * @throws AttestationError CHECK_FAILED, DER_MALFORMED
 */
export function expectProductName(certificate: DeviceCertificate, product: SnpProduct): void {
  const extension = certificate.extensions.get(AMD_OID.productName)
  if (extension === undefined) refuse('no product name extension')
  const text = unwrapOctets(extension.wrapped, 'product name')
  const [found] = fromUtf8(expectTag(text, IA5_STRING, 'product name').value).split('-')
  if (found !== productName(product)) refuse(`a key of ${found} under the root of ${product}`)
}

/**
 * The chip that the VCEK was made for must be the one that the report names.
 * @throws AttestationError CHECK_FAILED
 */
export function expectChip(
  certificate: DeviceCertificate,
  product: SnpProduct,
  chipId: Uint8Array,
): void {
  if (certificate.extensions.has(AMD_OID.cloudProviderId)) refuse('a VCEK of a cloud provider')
  const lengthBytes = CHIP_ID_BYTES[product]
  const hardwareId = certificate.extensions.get(AMD_OID.hardwareId)?.wrapped.value
  if (hardwareId?.length !== lengthBytes) {
    refuse(`a hardware id of ${hardwareId?.length ?? 0} bytes instead of ${lengthBytes}`)
  }
  const isSame = equal(chipId.subarray(0, lengthBytes), hardwareId)
  const isPadded = chipId.subarray(lengthBytes).every((byte) => byte === 0)
  if (!isSame || !isPadded) refuse('the VCEK of another chip', { found: toHex(chipId) })
}

/**
 * A VLEK is loaded by a cloud provider and names no chip: the firmware must name it in the report.
 * @throws AttestationError CHECK_FAILED
 */
export function expectCloudProvider(certificate: DeviceCertificate, chipId: Uint8Array): void {
  if (!certificate.extensions.has(AMD_OID.cloudProviderId)) refuse('a VLEK of no cloud provider')
  if (certificate.extensions.has(AMD_OID.hardwareId)) refuse('a VLEK with a hardware id')
  if (chipId.every((byte) => byte === 0)) refuse('the platform hides which chip it is')
}

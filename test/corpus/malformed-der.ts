/** Malformed DER of every kind, in a PCK certificate, its SGX extension and a revocation list. */
import { contextTag } from '#attestation/der/reader.ts'
import { OID } from '#attestation/der/x509-parts.ts'
import { extension } from '#attestation/evidence/simulated/certificates.ts'
import {
  derBoolean,
  derElement,
  derNamedBits,
  derOctetBits,
  derOctets,
  derOid,
  derSequence,
  derSmall,
  derUnsigned,
} from '#attestation/evidence/simulated/der-writer.ts'
import { concat, utf8 } from '#protocol/bytes.ts'
import { honest, issue, platform, sgxOf } from '#test/attestation/forge.ts'
import { bytes } from '#test/attestation/network.ts'
import {
  ALGORITHM,
  bodyOf,
  indefinite,
  longLength,
  partsOf,
  rawInteger,
  signatureValue,
  signedAgain,
} from './der-shapes.ts'
import type { CorpusEntry } from './entry.ts'
import { PCK, pckKey, tdx, tdxAlone, withPck } from './tdx-entry.ts'

const sgx = sgxOf()
const pck = issue({ commonName: PCK, sgxExtension: sgx }, platform)
const fields = bodyOf(pck)
const [body = bytes(0, 0)] = partsOf(pck)
const again = (changed: readonly Uint8Array[]) => signedAgain(changed, platform.key)
const withField = (at: number, value: Uint8Array) => again(fields.with(at, value))
const FIELD = { version: 0, serial: 1, algorithm: 2, validity: 4, key: 6, extensions: 7 } as const

const usage = extension(OID.keyUsage, derNamedBits(0, 1), true)
const constraints = extension(OID.basicConstraints, derSequence(), true)
const sgxPart = extension(OID.sgxExtension, sgx)
const extended = (...list: Uint8Array[]) =>
  withField(FIELD.extensions, derElement(contextTag(3), derSequence(...list)))
const constrained = (...parts: Uint8Array[]) =>
  extended(usage, extension(OID.basicConstraints, derSequence(...parts), true), sgxPart)
const keyInfo = (algorithm: Uint8Array, point: Uint8Array) =>
  withField(FIELD.key, derSequence(algorithm, derOctetBits(point)))
const p256 = derSequence(derOid(OID.ecPublicKey), derOid(OID.p256))
const compressed = concat(Uint8Array.of(2), pckKey.publicKey.subarray(1, 33))
const withSignature = (value: Uint8Array) => derSequence(body, ALGORITHM, value)
const utcTime = (text: string) => derElement(0x17, utf8(text))

const certificate = (id: string, comment: string, der: Uint8Array) =>
  tdxAlone(`der-${id}`, comment, ['pck-chain'], withPck(der))

const certificates: readonly CorpusEntry[] = [
  certificate('indefinite-length', 'A certificate of indefinite length (BER).', indefinite(pck)),
  certificate('length-not-minimal', 'A length in one octet more than needed.', longLength(pck)),
  certificate(
    'absurd-length',
    'A certificate that claims 4 GiB.',
    concat(Uint8Array.of(0x30, 0x84, 0xff, 0xff, 0xff, 0xff), pck.subarray(4)),
  ),
  certificate('empty', 'A certificate of no bytes but its header.', Uint8Array.of(0x30, 0)),
  certificate('cut', 'The last byte of the certificate is missing.', pck.subarray(0, -1)),
  certificate(
    'trailing-byte',
    'A zero byte behind the certificate.',
    concat(pck, Uint8Array.of(0)),
  ),
  certificate(
    'fourth-part',
    'A fourth part behind the signature.',
    derSequence(...partsOf(pck), derSmall(1)),
  ),
  certificate(
    'multi-byte-tag',
    'A tag of two octets in the place of the version.',
    withField(FIELD.version, Uint8Array.of(0x1f, 0x81, 0x01, 0x00)),
  ),
  certificate(
    'too-long',
    'A certificate above 4,096 bytes.',
    extended(usage, constraints, sgxPart, extension('1.2.3.4', derOctets(bytes(4_096, 1)))),
  ),
  certificate('version-1', 'A certificate without version.', again(fields.slice(1))),
  certificate(
    'version-2',
    'A certificate of version 2.',
    withField(FIELD.version, derElement(contextTag(0), derSmall(1))),
  ),
  certificate(
    'serial-negative',
    'A negative serial number.',
    withField(FIELD.serial, rawInteger(0x81)),
  ),
  certificate(
    'serial-padded',
    'A serial number with a needless zero.',
    withField(FIELD.serial, rawInteger(0, 1)),
  ),
  certificate(
    'serial-empty',
    'A serial number of no octets.',
    withField(FIELD.serial, rawInteger()),
  ),
  certificate(
    'serial-too-long',
    'A serial number of 21 octets.',
    withField(FIELD.serial, derUnsigned(bytes(21, 1))),
  ),
  certificate(
    'algorithms-differ',
    'Another algorithm inside than outside.',
    withField(FIELD.algorithm, derSequence(derOid('1.2.840.10045.4.3.3'))),
  ),
  certificate(
    'algorithm-parameters',
    'A NULL behind ecdsa-with-SHA256.',
    withField(FIELD.algorithm, derSequence(derOid(OID.ecdsaWithSha256), Uint8Array.of(5, 0))),
  ),
  certificate(
    'date-month-13',
    'A month 13.',
    withField(FIELD.validity, derSequence(utcTime('201301000000Z'), utcTime('491231000000Z'))),
  ),
  certificate(
    'date-offset',
    'A date with a time zone.',
    withField(FIELD.validity, derSequence(utcTime('200101000000+0100'), utcTime('491231000000Z'))),
  ),
  certificate(
    'date-one',
    'One date instead of two.',
    withField(FIELD.validity, derSequence(utcTime('200101000000Z'))),
  ),
  certificate('key-compressed', 'A compressed public key.', keyInfo(p256, compressed)),
  certificate(
    'key-p-384',
    'A key that says P-384.',
    keyInfo(derSequence(derOid(OID.ecPublicKey), derOid(OID.p384)), pckKey.publicKey),
  ),
  certificate('key-infinity', 'The point at infinity as the key.', keyInfo(p256, Uint8Array.of(0))),
  certificate(
    'unused-bits',
    'A key in a bit string with unused bits.',
    withField(FIELD.key, derSequence(p256, derElement(0x03, Uint8Array.of(1), pckKey.publicKey))),
  ),
  certificate(
    'extension-twice',
    'Duplicate extension: key usage twice.',
    extended(usage, usage, constraints, sgxPart),
  ),
  certificate(
    'sgx-extension-twice',
    'Duplicate extension: the SGX extension twice.',
    extended(usage, constraints, sgxPart, sgxPart),
  ),
  certificate(
    'unknown-critical',
    'An unknown critical extension.',
    extended(usage, constraints, sgxPart, extension('1.2.3.4', derSmall(1), true)),
  ),
  certificate(
    'boolean-one',
    'TRUE written as 01.',
    constrained(derElement(0x01, Uint8Array.of(1)), derSmall(0)),
  ),
  certificate(
    'explicit-default',
    'cA FALSE written out, a DEFAULT.',
    constrained(derBoolean(false)),
  ),
  certificate('no-key-usage', 'No key usage.', extended(constraints, sgxPart)),
  certificate('no-basic-constraints', 'No basic constraints.', extended(usage, sgxPart)),
  certificate(
    'two-extension-lists',
    'Two lists of extensions.',
    withField(
      FIELD.extensions,
      derElement(contextTag(3), derSequence(usage, constraints, sgxPart), derSequence(usage)),
    ),
  ),
  certificate(
    'oid-padded',
    'An object identifier with a padded arc.',
    extended(
      usage,
      constraints,
      sgxPart,
      derSequence(derElement(0x06, Uint8Array.of(0x2a, 0x80, 0x01)), derOctets(derSmall(1))),
    ),
  ),
  certificate(
    'signature-padded',
    'A signature whose scalar has a needless zero.',
    withSignature(derOctetBits(padScalar(signatureValue(platform.key, body)))),
  ),
  certificate(
    'signature-zero',
    'A signature of r = s = 0.',
    withSignature(derOctetBits(derSequence(derSmall(0), derSmall(0)))),
  ),
  certificate(
    'signature-three',
    'A signature of three scalars.',
    withSignature(
      derOctetBits(derSequence(...partsOf(signatureValue(platform.key, body)), derSmall(1))),
    ),
  ),
  certificate(
    'signature-oversized',
    'A scalar of 33 octets.',
    withSignature(derOctetBits(derSequence(derUnsigned(bytes(33, 1)), derUnsigned(bytes(32, 1))))),
  ),
]

/** The first INTEGER of a signature with one zero octet more. */
function padScalar(signature: Uint8Array): Uint8Array {
  const [r = bytes(0, 0), s = bytes(0, 0)] = partsOf(signature)
  return derSequence(derElement(0x02, Uint8Array.of(0), r.subarray(2)), s)
}

const rows = partsOf(sgx)
const [ppid = bytes(0, 0)] = rows
const extensionOf = (id: string, comment: string, ...changed: Uint8Array[]) =>
  certificate(
    `sgx-${id}`,
    comment,
    issue({ commonName: PCK, sgxExtension: derSequence(...changed) }, platform),
  )
const sgxRows: readonly CorpusEntry[] = [
  extensionOf('row-twice', 'The PPID twice.', ...rows, ppid),
  extensionOf('no-ppid', 'No PPID.', ...rows.slice(1)),
  extensionOf('row-of-one', 'A row of one part.', ...rows, derSequence(derOid('1.2.3'))),
  extensionOf(
    'short-ppid',
    'A PPID of 15 bytes.',
    derSequence(derOid(`${OID.sgxExtension}.1`), derOctets(bytes(15, 1))),
    ...rows.slice(1),
  ),
]

const listFields = bodyOf(honest.pckCrl)
const list = (id: string, comment: string, pckCrl: Uint8Array) =>
  tdx(`der-list-${id}`, comment, ['revocation'], { collateral: { pckCrl } })
const date = listFields[3] ?? bytes(0, 0)
const entriesOf = (...entries: Uint8Array[]) =>
  again(listFields.toSpliced(5, 0, derSequence(...entries)))

const lists: readonly CorpusEntry[] = [
  list('indefinite-length', 'A revocation list of indefinite length.', indefinite(honest.pckCrl)),
  list('version-1', 'A revocation list of version 1.', again(listFields.with(0, derSmall(0)))),
  list(
    'no-next-update',
    'A revocation list without next update.',
    again(listFields.toSpliced(4, 1)),
  ),
  list(
    'delta',
    'A delta list: a critical extension.',
    again(
      listFields.with(
        5,
        derElement(contextTag(0), derSequence(extension('2.5.29.27', derSmall(1), true))),
      ),
    ),
  ),
  list('empty-entries', 'An empty list of entries, written out.', entriesOf()),
  list('entry-without-date', 'An entry without a date.', entriesOf(derSequence(derSmall(1)))),
  list(
    'entry-critical',
    'An entry with a critical extension.',
    entriesOf(
      derSequence(derSmall(1), date, derSequence(extension('2.5.29.29', derSmall(1), true))),
    ),
  ),
]

export const MALFORMED_DER: readonly CorpusEntry[] = [...certificates, ...sgxRows, ...lists]

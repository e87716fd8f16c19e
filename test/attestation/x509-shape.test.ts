/** Certificates, revocation lists and SGX extensions with one field out of shape: each is refused. */
import { describe, expect, it } from 'vitest'
import { parseCertificate } from '#attestation/der/certificate.ts'
import { parseRevocationList } from '#attestation/der/crl.ts'
import { children, contextTag, readDer, TAG } from '#attestation/der/reader.ts'
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
import { readPlatformIdentity } from '#attestation/verify/sgx-extension.ts'
import { concat } from '#protocol/bytes.ts'
import { issue, platform, revocationList, root, sgxOf } from './forge.ts'
import { bytes, machine } from './network.ts'

const [pck = bytes(0, 0)] = machine.material.pckChain
const partsOf = (der: Uint8Array) => children(readDer(der)).map((part) => part.encoded)

/** The signed object with the fields of its body changed; the signature no longer matters. */
function reshaped(der: Uint8Array, change: (fields: Uint8Array[]) => Uint8Array[]): Uint8Array {
  const [body = bytes(0, 0), ...rest] = partsOf(der)
  return derSequence(derSequence(...change(partsOf(body))), ...rest)
}
const withField = (der: Uint8Array, at: number, field: Uint8Array) =>
  reshaped(der, (fields) => fields.with(at, field))

const point = concat(Uint8Array.of(4), bytes(64, 1))
const keyInfo = (algorithm: Uint8Array, bits: Uint8Array) =>
  withField(pck, 6, derSequence(algorithm, derOctetBits(bits)))
const p256 = derSequence(derOid(OID.ecPublicKey), derOid(OID.p256))

const usage = extension(OID.keyUsage, derNamedBits(0), true)
const leaf = extension(OID.basicConstraints, derSequence(), true)
const extended = (...list: readonly Uint8Array[]) =>
  withField(pck, 7, derElement(contextTag(3), derSequence(...list)))
const constrained = (...parts: readonly Uint8Array[]) =>
  extended(usage, extension(OID.basicConstraints, derSequence(...parts), true))

describe('a certificate', () => {
  it('is read when nothing is out of shape', () => {
    expect(parseCertificate(reshaped(pck, (fields) => fields)).serial).toBe(machine.pckSerial)
    expect(parseCertificate(keyInfo(p256, point)).publicKey).toEqual(point)
    expect(parseCertificate(extended(usage, leaf)).extensions.size).toBe(2)
    expect(parseCertificate(constrained(derBoolean(true), derSmall(2))).pathLength).toBe(2)
  })

  it.each([
    ['four parts', derSequence(...partsOf(pck), derSmall(1)), /three parts/],
    ['no extensions', reshaped(pck, (fields) => fields.slice(0, 7)), /v3 certificate/],
    ['a unique identifier', reshaped(pck, (f) => f.toSpliced(7, 0, derSmall(1))), /v3 certificate/],
    ['version 2', withField(pck, 0, derElement(contextTag(0), derSmall(1))), /not v3/],
    [
      'two versions',
      withField(pck, 0, derElement(contextTag(0), derSmall(2), derSmall(2))),
      /not v3/,
    ],
    [
      'a serial of 21 bytes',
      withField(pck, 1, derUnsigned(bytes(21, 1))),
      /serial number too long/,
    ],
    ['one date', withField(pck, 4, derSequence(derSmall(1))), /two dates/],
    [
      'two lists of extensions',
      withField(pck, 7, derElement(contextTag(3), derSequence(), derSequence())),
      /one list/,
    ],
    [
      'a third part of its key',
      withField(pck, 6, derSequence(p256, derOctetBits(point), derSmall(1))),
      /public key of another/,
    ],
    [
      'key parameters too many',
      keyInfo(derSequence(derOid(OID.ecPublicKey), derOid(OID.p256), derSmall(1)), point),
      /public key of another/,
    ],
    [
      'an RSA key',
      keyInfo(derSequence(derOid('1.2.840.113549.1.1.1'), derOid(OID.p256)), point),
      /not an EC/,
    ],
    [
      'a P-384 key',
      keyInfo(derSequence(derOid(OID.ecPublicKey), derOid('1.3.132.0.34')), point),
      /not a P-256/,
    ],
    ['a compressed key', keyInfo(p256, concat(Uint8Array.of(2), bytes(32, 1))), /uncompressed/],
    ['a hybrid key', keyInfo(p256, concat(Uint8Array.of(6), bytes(64, 1))), /uncompressed/],
    ['no basic constraints', extended(usage), /no critical basic/],
    [
      'basic constraints not critical',
      extended(usage, extension(OID.basicConstraints, derSequence())),
      /no critical basic/,
    ],
    ['no key usage', extended(leaf), /no critical key usage/],
    [
      'key usage not critical',
      extended(leaf, extension(OID.keyUsage, derNamedBits(0))),
      /no critical key usage/,
    ],
    ['an explicit CA FALSE', constrained(derBoolean(false)), /malformed CA flag/],
    [
      'three constraints',
      constrained(derBoolean(true), derSmall(1), derSmall(1)),
      /malformed CA flag/,
    ],
    ['an enormous path length', constrained(derBoolean(true), derSmall(9)), /path length/],
    ['an extension twice', extended(usage, leaf, leaf), /twice/],
    [
      'an extension of four parts',
      extended(
        usage,
        leaf,
        derSequence(derOid('2.5.29.14'), derBoolean(true), derOctets(bytes(1, 1)), derSmall(1)),
      ),
      /another shape/,
    ],
    ['too many bytes', derSequence(bytes(4_096, 0)), /too long/],
  ])('with %s is refused', (_, certificate, reason) => {
    expect(() => parseCertificate(certificate)).toThrow(reason)
  })
})

describe('a revocation list', () => {
  const list = revocationList(root, { revoked: ['01'] })
  const entries = (...of: readonly Uint8Array[]) => withField(list, 5, derSequence(...of))
  const date = partsOf(partsOf(list)[0] ?? bytes(0, 0))[3] ?? bytes(0, 0)

  it.each([
    ['four parts', derSequence(...partsOf(list), derSmall(1)), /three parts/],
    ['version 1', withField(list, 0, derSmall(0)), /not a v2/],
    ['no next update', reshaped(list, (fields) => fields.toSpliced(4, 1)), /malformed/],
    ['no extensions', reshaped(list, (fields) => fields.slice(0, 6)), /another shape/],
    [
      'a field too many',
      reshaped(list, (fields) => fields.toSpliced(6, 0, derSmall(1))),
      /another shape/,
    ],
    [
      'two lists of extensions',
      withField(list, 6, derElement(contextTag(0), derSequence(), derSequence())),
      /one list/,
    ],
    [
      'a critical extension, as delta lists have',
      withField(
        list,
        6,
        derElement(contextTag(0), derSequence(extension('2.5.29.27', derSmall(1), true))),
      ),
      /unknown critical/,
    ],
    ['an empty list of entries', entries(), /empty list/],
    [
      'an entry without a date',
      entries(derSequence(derSmall(1))),
      /revoked certificate of another/,
    ],
    [
      'an entry of four parts',
      entries(derSequence(derSmall(1), date, derSequence(), derSmall(1))),
      /revoked certificate of another/,
    ],
    [
      'an entry with a long serial',
      entries(derSequence(derUnsigned(bytes(21, 1)), date)),
      /serial number too long/,
    ],
    [
      'an entry with a critical extension',
      entries(
        derSequence(derSmall(1), date, derSequence(extension('2.5.29.29', derSmall(1), true))),
      ),
      /unknown critical/,
    ],
  ])('with %s is refused', (_, other, reason) => {
    expect(() => parseRevocationList(other)).toThrow(reason)
  })
})

describe('an SGX extension', () => {
  const identityOf = (sgxExtension: Uint8Array) =>
    readPlatformIdentity(
      parseCertificate(issue({ commonName: 'Intel SGX PCK Certificate', sgxExtension }, platform)),
    )
  const rows = partsOf(sgxOf())
  const [ppid = bytes(0, 0), tcb = bytes(0, 0)] = rows
  const withTcb = (change: (components: Uint8Array[]) => Uint8Array[]) => {
    const [oid = bytes(0, 0), list = bytes(0, 0)] = partsOf(tcb)
    return derSequence(...rows.with(1, derSequence(oid, derSequence(...change(partsOf(list))))))
  }
  const component = (number: number, value: Uint8Array) =>
    derSequence(derOid(`${OID.sgxExtension}.2.${number}`), value)

  it('is read whole, and rows that are unknown are passed over', () => {
    const found = identityOf(derSequence(...rows, derSequence(derOid('1.2.3'), derSmall(1))))
    expect(found.ppid).toEqual(bytes(16, 0xaa))
    expect(found.componentSvns).toHaveLength(16)
  })

  it.each([
    ['a row twice', derSequence(...rows, ppid), /twice/],
    ['a row of one part', derSequence(...rows, derSequence(derOid('1.2.3'))), /malformed row/],
    [
      'a row of three parts',
      derSequence(...rows, derSequence(derOid('1.2.3'), derSmall(1), derSmall(1))),
      /malformed row/,
    ],
    ['a component twice', withTcb((c) => [...c, component(1, derSmall(255))]), /twice/],
    ['a component missing', withTcb((c) => c.slice(1)), /component 1 is missing/],
    ['a component above 255', withTcb((c) => c.with(0, component(1, derSmall(256)))), /above 255/],
    ['no PPID', derSequence(...rows.slice(1)), /PPID is missing/],
    [
      'a short PPID',
      derSequence(
        ...rows.with(
          0,
          derSequence(derOid(`${OID.sgxExtension}.1`), derElement(TAG.octetString, bytes(15, 1))),
        ),
      ),
      /PPID is not 16/,
    ],
  ])('with %s is refused', (_, sgx, reason) => {
    expect(() => identityOf(sgx)).toThrow(reason)
  })
})

/** The DER, X.509, CRL and PEM readers: one encoding, nothing left over, everything bounded. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseCertificate } from '#attestation/der/certificate.ts'
import { parseRevocationList } from '#attestation/der/crl.ts'
import { p256SignatureFromDer } from '#attestation/der/ecdsa-signature.ts'
import { decodePemChain, encodePemChain } from '#attestation/der/pem.ts'
import { children, readDer } from '#attestation/der/reader.ts'
import { isoSeconds, parseIsoSeconds, readTime } from '#attestation/der/time.ts'
import {
  readBoolean,
  readNamedBits,
  readOctetBits,
  readOid,
  readSmall,
  readUnsigned,
} from '#attestation/der/values.ts'
import { readExtensions, readName } from '#attestation/der/x509-parts.ts'
import { extension, simulatedName } from '#attestation/evidence/simulated/certificates.ts'
import {
  derBoolean,
  derElement,
  derOctets,
  derOid,
  derSequence,
  derSmall,
  derText,
  derTime,
  derUnsigned,
} from '#attestation/evidence/simulated/der-writer.ts'
import { concat, fromHex, toHex, utf8 } from '#protocol/bytes.ts'
import { CocoonError } from '#protocol/errors.ts'
import { platform, revocationList, root } from './forge.ts'
import { machine } from './network.ts'

const read = (hex: string) => readDer(fromHex(hex))
const refused = /^malformed DER/

describe('the DER reader', () => {
  it.each([
    ['nothing', ''],
    ['a tag alone', '30'],
    ['a cut value', '0403aabb'],
    ['bytes after the end', '0401aa00'],
    ['an indefinite length', '30800000'],
    ['an indefinite length and nothing else', '3080'],
    ['a length with a needless octet', `048103aabbcc`],
    ['a length with a leading zero', `04820003aabbcc`],
    ['a length of four octets', '048400000001aa'],
    ['a reserved length', '04ffaa'],
    ['a multi-byte tag', '1f8101aa'],
    ['the first half of a multi-byte tag', '1f00'],
  ])('refuses %s', (_, hex) => {
    expect(() => read(hex)).toThrow(refused)
  })

  it('refuses more than it may read: bytes, depth, children', () => {
    expect(() => readDer(derOctets(new Uint8Array(131_072)))).toThrow(refused)
    const nested = Array.from({ length: 14 }).reduce<Uint8Array>(
      (inner) => derSequence(inner),
      derSmall(1),
    )
    const descend = () => {
      let element = readDer(nested)
      for (;;) element = children(element)[0] ?? element
    }
    expect(descend).toThrow(/deeper/)
    const many = derSequence(...Array.from({ length: 4_097 }, () => derSmall(1)))
    expect(() => children(readDer(many))).toThrow(/more than 4096/)
    expect(() => children(read('0401aa'))).toThrow(/primitive/)
  })

  it('reads every length that the writer writes', () => {
    for (const length of [0, 1, 127, 128, 255, 256, 65_535, 65_536]) {
      expect(readDer(derOctets(new Uint8Array(length))).value).toHaveLength(length)
    }
  })

  it('throws nothing but its own error on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        for (const parse of [parseCertificate, parseRevocationList, p256SignatureFromDer]) {
          expect(() => parse(bytes)).toThrow(CocoonError)
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('DER values', () => {
  it.each([
    ['an empty integer', () => readUnsigned(read('0200'), 'x')],
    ['a negative integer', () => readUnsigned(read('020181'), 'x')],
    ['a padded integer', () => readUnsigned(read('02020001'), 'x')],
    ['an integer above its limit', () => readSmall(read('020109'), 8, 'x')],
    ['an integer of five bytes', () => readSmall(read('02050100000000'), 8, 'x')],
    ['a boolean of 1', () => readBoolean(read('010101'), 'x')],
    ['a boolean of two bytes', () => readBoolean(read('0102ffff'), 'x')],
    ['an identifier that is cut', () => readOid(read('060186'), 'x')],
    ['an identifier with a padded arc', () => readOid(read('06032a8001'), 'x')],
    ['an identifier with an oversized arc', () => readOid(read('06062affffffff7f'), 'x')],
    ['an empty identifier', () => readOid(read('0600'), 'x')],
    ['bits that are no octets', () => readOctetBits(read('030201fe'), 'x')],
    ['an empty bit string', () => readOctetBits(read('0300'), 'x')],
    ['named bits with a zero at the end', () => readNamedBits(read('03020104'), 'x')],
    ['named bits with set unused bits', () => readNamedBits(read('03020207'), 'x')],
    ['no named bits', () => readNamedBits(read('030100'), 'x')],
    ['another tag', () => readSmall(read('040105'), 255, 'x')],
    ['nothing', () => readSmall(undefined, 255, 'x')],
  ])('refuses %s', (_, parse) => {
    expect(parse).toThrow(refused)
  })

  it('reads what the writer writes', () => {
    for (const oid of ['2.5.29.15', '1.2.840.113741.1.13.1.2.18', '0.0', '1.39.127.128.16384']) {
      expect(readOid(readDer(derOid(oid)), 'x')).toBe(oid)
    }
    for (const value of [0, 1, 127, 128, 255, 256, 65_535]) {
      expect(readSmall(readDer(derSmall(value)), 65_535, 'x')).toBe(value)
    }
    expect(toHex(derSmall(128))).toBe('02020080')
    expect(readNamedBits(read('03020106'), 'x')).toEqual([
      false,
      false,
      false,
      false,
      false,
      true,
      true,
    ])
  })
})

describe('times', () => {
  const time = (tag: number, text: string) => () =>
    readTime(readDer(derElement(tag, utf8(text))), 'x')

  it.each([
    ['UTCTime without seconds', 0x17, '2501010000Z'],
    ['UTCTime with an offset', 0x17, '250101000000+0000'],
    ['month 13', 0x17, '251301000000Z'],
    ['30 February', 0x17, '240230000000Z'],
    ['29 February of a common year', 0x17, '250229000000Z'],
    ['hour 24', 0x17, '250101240000Z'],
    ['a leap second', 0x17, '250101235960Z'],
    ['GeneralizedTime before 2050', 0x18, '20490101000000Z'],
    ['GeneralizedTime with a fraction', 0x18, '20500101000000.5Z'],
    ['text of another type', 0x0c, '250101000000Z'],
  ])('refuses %s', (_, tag, text) => {
    expect(time(tag, text)).toThrow(refused)
  })

  it('reads both forms, and turns the century where X.509 does', () => {
    expect(time(0x17, '491231235959Z')()).toBe(Date.UTC(2049, 11, 31, 23, 59, 59))
    expect(time(0x17, '500101000000Z')()).toBe(Date.UTC(1950, 0, 1))
    expect(time(0x18, '20500101000000Z')()).toBe(Date.UTC(2050, 0, 1))
    for (const unixMs of [Date.UTC(2024, 1, 29, 1, 2, 3), Date.UTC(2051, 6, 1)]) {
      expect(readTime(readDer(derTime(unixMs)), 'x')).toBe(unixMs)
      expect(parseIsoSeconds(isoSeconds(unixMs))).toBe(unixMs)
    }
    expect(parseIsoSeconds('2025-06-19T10:16:03+00:00')).toBeUndefined()
    expect(parseIsoSeconds('2025-02-29T10:16:03Z')).toBeUndefined()
  })
})

describe('ECDSA signatures', () => {
  const encode = (r: string, s: string) =>
    derSequence(derUnsigned(fromHex(r)), derUnsigned(fromHex(s)))

  it('become r||s of 64 bytes', () => {
    const raw = p256SignatureFromDer(encode('01', `ff${'00'.repeat(31)}`))
    expect(toHex(raw)).toBe(`${'00'.repeat(31)}01ff${'00'.repeat(31)}`)
  })

  it.each([
    ['a third integer', derSequence(derSmall(1), derSmall(1), derSmall(1))],
    ['one integer', derSequence(derSmall(1))],
    ['a scalar of 33 bytes', encode('01', `01${'00'.repeat(32)}`)],
    ['a padded scalar', fromHex('300702020001020101')],
  ])('with %s are refused', (_, der) => {
    expect(() => p256SignatureFromDer(der)).toThrow(refused)
  })
})

describe('X.509 parts', () => {
  it('refuses an extension twice, and an unknown critical one', () => {
    const one = extension('2.5.29.14', derOctets(fromHex('aa')))
    expect(() => readExtensions(readDer(derSequence(one, one)), [])).toThrow(/twice/)
    const critical = extension('2.5.29.99', derSmall(1), true)
    expect(() => readExtensions(readDer(derSequence(critical)), [])).toThrow(/unknown critical/)
    expect(readExtensions(readDer(derSequence(critical)), ['2.5.29.99']).size).toBe(1)
  })

  it('refuses an explicit default criticality', () => {
    const written = derSequence(derOid('2.5.29.14'), derBoolean(false), derOctets(derSmall(1)))
    expect(() => readExtensions(readDer(derSequence(written)), [])).toThrow(/left out/)
  })

  it('refuses a name with text of another type, or an attribute of three parts', () => {
    const named = (...parts: readonly Uint8Array[]) =>
      readDer(derSequence(derElement(0x31, derSequence(derOid('2.5.4.3'), ...parts))))
    const ia5 = derElement(0x16, utf8('a'))
    expect(() => readName(named(ia5), 'x')).toThrow(/another type/)
    expect(() => readName(named(derElement(0x0c, fromHex('ff'))), 'x')).toThrow(/not UTF-8/)
    expect(() => readName(named(derText('a'), derText('b')), 'x')).toThrow(/malformed attribute/)
  })

  it('refuses a name with two common names, or none', () => {
    const attribute = (oid: string, text: string) =>
      derElement(0x31, derSequence(derOid(oid), derText(text)))
    const two = derSequence(attribute('2.5.4.3', 'a'), attribute('2.5.4.3', 'b'))
    expect(() => readName(readDer(two), 'x')).toThrow(/twice/)
    expect(() => readName(readDer(derSequence(attribute('2.5.4.10', 'a'))), 'x')).toThrow(
      /no common/,
    )
    expect(readName(readDer(simulatedName('a')), 'x').organization).toContain('SIMULATED')
  })
})

describe('certificates and revocation lists', () => {
  const [pck = new Uint8Array()] = machine.material.pckChain

  it('are read whole', () => {
    const parsed = parseCertificate(platform.certificate)
    expect(parsed).toMatchObject({
      isAuthority: true,
      pathLength: 0,
      serial: platform.serial,
      maySignCertificates: true,
      maySignCrls: true,
      mayDigitalSign: false,
    })
    expect(parseCertificate(pck)).toMatchObject({ isAuthority: false, maySignCertificates: false })
    const list = parseRevocationList(revocationList(root, { revoked: ['0102', 'ff'] }))
    expect([...list.revoked]).toEqual(['0102', 'ff'])
    expect(parseRevocationList(revocationList(root)).revoked.size).toBe(0)
  })

  it('are refused when the outer algorithm is not the inner one', () => {
    const inner = '2a8648ce3d040302'
    for (const der of [pck, revocationList(root)]) {
      const hex = toHex(der)
      const outer = hex.lastIndexOf(inner)
      expect(outer).toBeGreaterThan(hex.indexOf(inner))
      const sha384 = `${hex.slice(0, outer)}2a8648ce3d040303${hex.slice(outer + inner.length)}`
      const parse = der === pck ? parseCertificate : parseRevocationList
      expect(() => parse(fromHex(sha384))).toThrow(/outer signature algorithm/)
    }
  })

  it('are refused in each other', () => {
    expect(() => parseRevocationList(pck)).toThrow(refused)
    expect(() => parseCertificate(revocationList(root))).toThrow(refused)
  })
})

describe('PEM chains', () => {
  const chain = [fromHex('3003020101'), fromHex(`30${'7f'}${'aa'.repeat(127)}`)]
  const text = encodePemChain(chain)

  it('come back as they were', () => {
    expect(decodePemChain(text).map(toHex)).toEqual(chain.map(toHex))
    expect(decodePemChain(encodePemChain([]))).toEqual([])
  })

  it.each([
    ['no NUL at the end', text.subarray(0, -1)],
    ['two NULs', concat(text, Uint8Array.of(0))],
    ['CRLF', utf8(Buffer.from(text).toString('latin1').replaceAll('\n', '\r\n'))],
    ['a comment', concat(utf8('# \n'), text)],
    [
      'longer lines',
      utf8(
        Buffer.from(text)
          .toString('latin1')
          .replace(/(\w)\n(\w)/, '$1$2'),
      ),
    ],
    ['other padding bits', utf8(Buffer.from(text).toString('latin1').replace('AQE=', 'AQF='))],
    ['nothing', new Uint8Array()],
    ['four certificates', encodePemChain([...chain, ...chain])],
  ])('with %s are refused', (_, other) => {
    expect(() => decodePemChain(other)).toThrow(/canonical PEM/)
  })
})

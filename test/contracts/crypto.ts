/**
 * What every implementation of the crypto port must do, run by test/protocol/crypto.test.ts. The known answers are
 * from the RFCs and from test/vectors/protocol.json; the strict cases are where libraries disagree.
 */
import { describe, expect, it } from 'vitest'
import { concat, fromHex, toHex, utf8 } from '#protocol/bytes.ts'
import type { CryptoPort, EcdsaCurve } from '#protocol/crypto/port.ts'
import { strictEd25519Cases } from '#test/support/ed25519-cases.ts'
import { rsaPssCases } from '#test/support/rsa-pss-cases.ts'

interface SignatureVector {
  readonly name: string
  readonly seed: string
  readonly publicKey: string
  readonly message: string
  readonly signature: string
}

/** RFC 8032, 7.1. */
const RFC_8032: readonly SignatureVector[] = [
  {
    name: 'TEST 1',
    seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    name: 'TEST 2',
    seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    name: 'TEST 3',
    seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    publicKey: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
]

interface EcdsaVector {
  readonly curve: EcdsaCurve
  readonly publicKey: string
  readonly message: string
  readonly signature: string
}

/** RFC 6979, A.2.5 and A.2.6, message "sample" with SHA-256 and SHA-384. */
const RFC_6979: readonly EcdsaVector[] = [
  {
    curve: 'P-256',
    publicKey:
      '0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299',
    message: 'sample',
    signature:
      'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8',
  },
  {
    curve: 'P-384',
    publicKey:
      '04ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc138015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720',
    message: 'sample',
    signature:
      '94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe4699ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8',
  },
]

const ORDER: Record<EcdsaCurve, bigint> = {
  'P-256': 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  'P-384':
    0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
}

export function testCryptoPort(name: string, crypto: CryptoPort): void {
  describe(`crypto port: ${name}`, () => {
    hashes(crypto)
    ed25519(crypto)
    ecdsa(crypto)
    rsaPss(crypto)
  })
}

function hashes(crypto: CryptoPort): void {
  it('hashes as FIPS 180-4 says', () => {
    const abc = utf8('abc')
    expect(toHex(crypto.sha256(abc))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    )
    expect(toHex(crypto.sha384(abc))).toBe(
      'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7',
    )
    expect(toHex(crypto.sha512(abc))).toBe(
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    )
  })

  it('authenticates as RFC 4231, case 2, and derives as RFC 5869, A.1', () => {
    expect(toHex(crypto.hmacSha256(utf8('Jefe'), utf8('what do ya want for nothing?')))).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    )
    const input = new Uint8Array(22).fill(0x0b)
    const salt = fromHex('000102030405060708090a0b0c')
    expect(toHex(crypto.hkdfSha256(input, salt, fromHex('f0f1f2f3f4f5f6f7f8f9'), 42))).toBe(
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    )
    expect(() => crypto.hkdfSha256(input, salt, salt, 0)).toThrow(RangeError)
    expect(() => crypto.hkdfSha256(input, salt, salt, 8_161)).toThrow(RangeError)
  })

  it('draws random bytes of the asked length, never the same', () => {
    const draws = Array.from({ length: 50 }, () => crypto.randomBytes(32))
    expect(draws.every((bytes) => bytes.length === 32)).toBe(true)
    expect(new Set(draws.map(toHex)).size).toBe(50)
    expect(crypto.randomBytes(0)).toHaveLength(0)
    expect(() => crypto.randomBytes(65_537)).toThrow(RangeError)
  })
}

function ed25519(crypto: CryptoPort): void {
  it.each(RFC_8032)('Ed25519 RFC 8032 $name', (vector) => {
    const pair = crypto.ed25519FromSeed(fromHex(vector.seed))
    const message = fromHex(vector.message)
    expect(toHex(pair.publicKey)).toBe(vector.publicKey)
    expect(toHex(crypto.ed25519Sign(pair, message))).toBe(vector.signature)
    expect(crypto.ed25519Verify(pair.publicKey, message, fromHex(vector.signature))).toBe(true)
  })

  it('Ed25519 refuses every single changed bit of signature and key', () => {
    const pair = crypto.ed25519FromSeed(new Uint8Array(32).fill(7))
    const message = utf8('a message')
    const signed = crypto.ed25519Sign(pair, message)
    for (let bit = 0; bit < 512; bit += 3) {
      expect(crypto.ed25519Verify(pair.publicKey, message, flip(signed, bit))).toBe(false)
    }
    for (let bit = 0; bit < 256; bit += 5) {
      expect(crypto.ed25519Verify(flip(pair.publicKey, bit), message, signed)).toBe(false)
    }
    expect(crypto.ed25519Verify(pair.publicKey, utf8('another'), signed)).toBe(false)
  })

  it.each(strictEd25519Cases())('Ed25519 strict: $name -> $valid', (given) => {
    const { publicKey, message, signature, valid } = given
    expect(crypto.ed25519Verify(publicKey, message, signature)).toBe(valid)
  })

  it('takes Buffers, and never writes into what it is given', () => {
    const seed = Buffer.alloc(32, 0xff)
    const pair = crypto.ed25519FromSeed(seed)
    const message = Buffer.from('a message')
    const signed = Buffer.from(crypto.ed25519Sign(pair, message))
    const key = Buffer.from(pair.publicKey)
    // The sign bits are what a strict check is tempted to clear in place.
    const before = [signed, key].map(toHex)
    expect(crypto.ed25519Verify(key, message, signed)).toBe(true)
    signed[31] = (signed[31] ?? 0) ^ 0x80
    key[31] = (key[31] ?? 0) ^ 0x80
    const flipped = [signed, key].map(toHex)
    expect(crypto.ed25519Verify(key, message, signed)).toBe(false)
    expect([signed, key].map(toHex)).toEqual(flipped)
    expect(flipped).not.toEqual(before)
    seed.fill(0)
    expect(pair.seed).toEqual(new Uint8Array(32).fill(0xff))
  })

  it('Ed25519 refuses wrong lengths without throwing, and bad seeds by throwing', () => {
    const pair = crypto.ed25519FromSeed(new Uint8Array(32))
    const signed = crypto.ed25519Sign(pair, new Uint8Array(0))
    for (const length of [0, 31, 33, 64]) {
      expect(crypto.ed25519Verify(new Uint8Array(length), new Uint8Array(0), signed)).toBe(false)
      expect(() => crypto.ed25519FromSeed(new Uint8Array(length))).toThrow(RangeError)
    }
    for (const length of [0, 63, 65]) {
      const signature = new Uint8Array(length)
      expect(crypto.ed25519Verify(pair.publicKey, new Uint8Array(0), signature)).toBe(false)
    }
  })
}

function ecdsa(crypto: CryptoPort): void {
  it.each(RFC_6979)('ECDSA RFC 6979 $curve', (vector) => {
    const key = fromHex(vector.publicKey)
    const signed = fromHex(vector.signature)
    const message = utf8(vector.message)
    expect(crypto.ecdsaVerify(vector.curve, key, message, signed)).toBe(true)
    expect(crypto.ecdsaVerify(vector.curve, key, utf8('test'), signed)).toBe(false)
    expect(crypto.ecdsaVerify(vector.curve, key, message, mirrored(vector))).toBe(true)
  })

  it.each(RFC_6979)('ECDSA refuses malformed input, $curve', (vector) => {
    const key = fromHex(vector.publicKey)
    const signed = fromHex(vector.signature)
    const half = signed.length / 2
    const message = utf8(vector.message)
    const verify = (k: Uint8Array, s: Uint8Array): boolean =>
      crypto.ecdsaVerify(vector.curve, k, message, s)
    const compressed = concat(Uint8Array.of(2), key.subarray(1, 1 + half))
    const offCurve = flip(key, 8 * key.length - 1)
    const hybrid = concat(Uint8Array.of(6), key.subarray(1))
    for (const bad of [compressed, offCurve, hybrid, new Uint8Array(key.length), key.subarray(1)]) {
      expect(verify(bad, signed)).toBe(false)
    }
    const zero = new Uint8Array(half)
    const order = bigEndian(ORDER[vector.curve], half)
    const r = signed.subarray(0, half)
    const s = signed.subarray(half)
    const bad = [concat(zero, s), concat(r, zero), concat(order, s), concat(r, order), r]
    for (const signature of bad) expect(verify(key, signature)).toBe(false)
  })
}

function rsaPss(crypto: CryptoPort): void {
  const message = utf8('sample')

  it.each(rsaPssCases)('RSASSA-PSS with SHA-384: $name -> $valid', (given) => {
    const [modulus, signature] = [fromHex(given.modulus), fromHex(given.signature)]
    expect(crypto.rsaPssSha384Verify(modulus, message, signature)).toBe(given.valid)
    expect(crypto.rsaPssSha384Verify(modulus, utf8('test'), signature)).toBe(false)
  })

  it('RSASSA-PSS refuses changed bits and other lengths, without throwing', () => {
    const [good] = rsaPssCases
    const [modulus, signature] = [fromHex(good?.modulus ?? ''), fromHex(good?.signature ?? '')]
    for (let bit = 0; bit < 2_048; bit += 67) {
      expect(crypto.rsaPssSha384Verify(modulus, message, flip(signature, bit))).toBe(false)
    }
    expect(crypto.rsaPssSha384Verify(flip(modulus, 1_024), message, signature)).toBe(false)
    const long = concat(Uint8Array.of(0), signature)
    for (const bad of [signature.subarray(1), long, new Uint8Array(0), new Uint8Array(256)]) {
      expect(crypto.rsaPssSha384Verify(modulus, message, bad)).toBe(false)
    }
    for (const bad of [new Uint8Array(256), new Uint8Array(0), new Uint8Array(1_024).fill(255)]) {
      expect(crypto.rsaPssSha384Verify(bad, message, signature)).toBe(false)
      expect(crypto.rsaPssSha384Verify(bad, message, bad)).toBe(false)
    }
  })
}

/** The other valid S of the same signature: n - s. */
function mirrored({ curve, signature }: EcdsaVector): Uint8Array {
  const half = signature.length / 2
  const s = BigInt(`0x${signature.slice(half)}`)
  return concat(fromHex(signature.slice(0, half)), bigEndian(ORDER[curve] - s, half / 2))
}

function bigEndian(value: bigint, lengthBytes: number): Uint8Array {
  return fromHex(value.toString(16).padStart(2 * lengthBytes, '0'))
}

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const changed = bytes.slice()
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return changed
}

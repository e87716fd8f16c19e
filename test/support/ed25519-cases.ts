/**
 * Signatures on which Ed25519 libraries disagree, built from the curve itself (noble's group
 * arithmetic, none of the code under test). `valid` is what docs/spec/encoding.md requires.
 */
import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { concat, fromHex, utf8 } from '#protocol/bytes.ts'

export interface Ed25519Case {
  readonly name: string
  readonly publicKey: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
  readonly valid: boolean
}

const { Point } = ed25519
type CurvePoint = InstanceType<typeof Point>
const ORDER = Point.Fn.ORDER
const PRIME = 2n ** 255n - 19n

function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, at) => Number((value >> BigInt(8 * at)) & 0xffn))
}

function toNumber(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)
}

function challengeOf(encodedR: Uint8Array, key: Uint8Array, message: Uint8Array): bigint {
  return toNumber(sha512(concat(encodedR, key, message))) % ORDER
}

/** A point of order 8. */
function torsion(): CurvePoint {
  const points = ED25519_TORSION_SUBGROUP.map((hex) => Point.fromHex(hex))
  const found = points.find((point) => !point.double().double().is0())
  if (found === undefined) throw new Error('no point of order 8')
  return found
}

const SECRET = 0x1234_5678_9abc_def0_1234_5678_9abc_def0n
const NONCE = 0x0fed_cba9_8765_4321_0fed_cba9_8765_4321n

/**
 * A signature by hand: R = [nonce]B + extraR, A = [secret]B + extraA, S = nonce + k * secret. With
 * torsion parts it satisfies the cofactored equation always and the cofactorless one sometimes.
 */
function byHand(message: Uint8Array, extraA: CurvePoint, extraR: CurvePoint) {
  const keyPoint = Point.BASE.multiplyUnsafe(SECRET).add(extraA)
  const noncePoint = Point.BASE.multiplyUnsafe(NONCE).add(extraR)
  const publicKey = keyPoint.toBytes()
  const encodedR = noncePoint.toBytes()
  const challenge = challengeOf(encodedR, publicKey, message)
  const scalar = (NONCE + challenge * SECRET) % ORDER
  const left = Point.BASE.multiplyUnsafe(scalar)
  const right = noncePoint.add(keyPoint.multiplyUnsafe(challenge))
  return {
    publicKey,
    encodedR,
    scalar,
    signature: concat(encodedR, littleEndian(scalar)),
    cofactorless: left.equals(right),
    cofactored: left.subtract(right).clearCofactor().is0(),
  }
}

/** Searches messages until the cofactorless equation comes out as wanted. */
function mixedOrderKey(name: string, wanted: boolean): Ed25519Case {
  for (let attempt = 0; attempt < 200; attempt++) {
    const message = utf8(`mixed order ${attempt}`)
    const made = byHand(message, torsion(), Point.ZERO)
    if (!made.cofactored) throw new Error('the cofactored equation must hold')
    if (made.cofactorless === wanted) return { name, message, valid: wanted, ...pick(made) }
  }
  throw new Error('no such message found')
}

function pick(made: { publicKey: Uint8Array; signature: Uint8Array }) {
  return { publicKey: made.publicKey, signature: made.signature }
}

/** Small-order keys: R = [S]B - [k]A holds for the right message, and libraries accept it. */
function smallOrderKey(hex: string): Ed25519Case {
  const key = fromHex(hex)
  const name = `small-order key ${hex.slice(0, 8)}..${hex.slice(-2)}`
  for (let attempt = 0; attempt < 200; attempt++) {
    const message = utf8(`small order ${attempt}`)
    const noncePoint = Point.BASE.multiplyUnsafe(NONCE)
    const encodedR = noncePoint.toBytes()
    const challenge = challengeOf(encodedR, key, message)
    if (!Point.fromHex(hex).multiplyUnsafe(challenge).is0()) continue
    const signature = concat(encodedR, littleEndian(NONCE))
    return { name, publicKey: key, message, signature, valid: false }
  }
  throw new Error('no such message found')
}

/** All 19 values of y that fit into 255 bits twice, in the form that is not reduced. */
function nonCanonicalKeys(): Ed25519Case[] {
  const signature = concat(Point.BASE.toBytes(), littleEndian(1n))
  const encodings = Array.from({ length: 19 }, (_, y) => littleEndian(PRIME + BigInt(y)))
  return encodings.map((publicKey, y) => ({
    name: `non-canonical key p + ${y}`,
    publicKey,
    message: utf8('not reduced'),
    signature,
    valid: false,
  }))
}

/** S + L signs the same; R of the neutral point in its two non-canonical forms. */
function nonCanonicalSignatures(): Ed25519Case[] {
  const message = utf8('not reduced')
  const made = byHand(message, Point.ZERO, Point.ZERO)
  const given = { publicKey: made.publicKey, message, valid: false }
  const scalars = [made.scalar + ORDER, made.scalar + 8n * ORDER, ORDER].map((scalar, at) => ({
    ...given,
    name: `S not reduced, ${at}`,
    signature: concat(made.encodedR, littleEndian(scalar)),
  }))
  const forms = [littleEndian(1n + PRIME), littleEndian(1n | (1n << 255n))]
  const neutral = forms.map((encodedR, at) => ({
    ...given,
    name: `neutral R, non-canonical form ${at}`,
    signature: signatureOver(encodedR, made.publicKey, message),
  }))
  return [...scalars, ...neutral]
}

/** With nonce zero: the neutral R satisfies the equation, the other seven the cofactored one. */
function smallOrderR(hex: string): Ed25519Case {
  const message = utf8('small-order R')
  const publicKey = Point.BASE.multiplyUnsafe(SECRET).toBytes()
  const signature = signatureOver(fromHex(hex), publicKey, message)
  return {
    name: `small-order R ${hex.slice(0, 8)}..${hex.slice(-2)}`,
    publicKey,
    message,
    signature,
    valid: false,
  }
}

function signatureOver(encodedR: Uint8Array, publicKey: Uint8Array, message: Uint8Array) {
  const scalar = (challengeOf(encodedR, publicKey, message) * SECRET) % ORDER
  return concat(encodedR, littleEndian(scalar))
}

export function strictEd25519Cases(): Ed25519Case[] {
  const message = utf8('plain')
  const plain = byHand(message, Point.ZERO, Point.ZERO)
  const torsionR = byHand(message, Point.ZERO, torsion())
  const offCurveKey = littleEndian(2n)
  return [
    { name: 'made by hand', message, valid: true, ...pick(plain) },
    { name: 'R with torsion: only cofactored', message, valid: false, ...pick(torsionR) },
    mixedOrderKey('mixed-order key where both equations hold', true),
    mixedOrderKey('mixed-order key where only the cofactored equation holds', false),
    ...ED25519_TORSION_SUBGROUP.map(smallOrderKey),
    ...ED25519_TORSION_SUBGROUP.map(smallOrderR),
    ...nonCanonicalKeys(),
    ...nonCanonicalSignatures(),
    {
      name: 'key off the curve',
      message,
      valid: false,
      publicKey: offCurveKey,
      signature: plain.signature,
    },
  ]
}

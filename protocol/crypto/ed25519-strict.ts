/**
 * What Ed25519 libraries disagree on, decided once (docs/spec/encoding.md). RFC 8032 leaves room in
 * three places: encodings that are not reduced, points of small order, and whether the equation is
 * multiplied by the cofactor. Both implementations of the port run these checks first and then
 * the cofactorless equation, so that a signature is good everywhere or nowhere.
 */
import { fromHex } from '../bytes.ts'

/** The group order L = 2^252 + 27742317777372353535851937790883648493, little-endian. */
const ORDER = fromHex('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010')
/** The field prime p = 2^255 - 19, little-endian. */
const PRIME = fromHex('edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f')

/**
 * Canonical y coordinates of the eight points whose order divides the cofactor 8, little-endian;
 * each stands for both signs of x, and so for the forbidden "minus zero" of the first two.
 */
const SMALL_ORDER_Y = [
  '0100000000000000000000000000000000000000000000000000000000000000', // order 1
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', // order 2
  '0000000000000000000000000000000000000000000000000000000000000000', // order 4
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', // order 8
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', // order 8
].map(fromHex)

function lessThanLittleEndian(value: Uint8Array, bound: Uint8Array): boolean {
  for (let at = 31; at >= 0; at--) {
    const difference = (value[at] ?? 0) - (bound[at] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}

/** The encoding without its sign bit; a copy, since `slice` of a Buffer would be a view. */
function coordinateY(encoded: Uint8Array): Uint8Array {
  const y = new Uint8Array(encoded)
  y[31] = (y[31] ?? 0) & 0x7f
  return y
}

function isSmallOrderY(y: Uint8Array): boolean {
  return SMALL_ORDER_Y.some((bad) => bad.every((byte, at) => byte === y[at]))
}

/** A reduced encoding of a point that is not of small order, if it is on the curve at all. */
function isStrictPoint(encoded: Uint8Array): boolean {
  const y = coordinateY(encoded)
  return lessThanLittleEndian(y, PRIME) && !isSmallOrderY(y)
}

/** Whether 32 bytes are a reduced encoding of a key that is not of small order. */
export function isStrictPublicKey(publicKey: Uint8Array): boolean {
  return publicKey.length === 32 && isStrictPoint(publicKey)
}

/**
 * Whether 64 bytes are a reduced R that is not of small order, and S < L. No honest signer makes an R
 * of small order, and OpenSSL and noble disagree on the neutral one.
 */
export function isStrictSignature(signature: Uint8Array): boolean {
  if (signature.length !== 64) return false
  const [encodedR, scalarS] = [signature.subarray(0, 32), signature.subarray(32)]
  return isStrictPoint(encodedR) && lessThanLittleEndian(scalarS, ORDER)
}

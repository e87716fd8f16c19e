/** RSASSA-PSS with the TEST ONLY keys, deterministic: the salt follows from the message. Not constant-time. */
import { concat, fromHex, toHex, utf8 } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { maskGeneration } from '#protocol/crypto/rsa-pss.ts'
import { TEST_ONLY_RSA_PRIMES } from './rsa-primes.ts'

const MODULUS_BYTES = 512
const HASH_BYTES = 48
const EXPONENT = 65_537n

export interface SimulatedRsaKey {
  /** Big-endian, 512 bytes. */
  readonly modulus: Uint8Array
  /** RSASSA-PSS with SHA-384 and 48 bytes of salt (RFC 8017 section 8.1.1), 512 bytes. */
  sign(crypto: CryptoPort, message: Uint8Array): Uint8Array
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  for (let [square, left] = [base % modulus, exponent]; left > 0n; left >>= 1n) {
    if ((left & 1n) === 1n) result = (result * square) % modulus
    square = (square * square) % modulus
  }
  return result
}

/** 1 / value modulo a prime (Fermat). */
function inverse(value: bigint, prime: bigint): bigint {
  return power(value, prime - 2n, prime)
}

/** 1 / exponent modulo any number coprime to it (extended Euclid). */
function inverseExponent(modulus: bigint): bigint {
  let [low, high, rest, next] = [0n, 1n, modulus, EXPONENT]
  while (next > 1n) {
    const quotient = rest / next
    ;[low, high, rest, next] = [high, low - quotient * high, next, rest - quotient * next]
  }
  return high < 0n ? high + modulus : high
}

function bytesOf(value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(2 * MODULUS_BYTES, '0'))
}

/** EMSA-PSS-ENCODE (RFC 8017 section 9.1.1) to 4,095 bits. */
function encode(crypto: CryptoPort, message: Uint8Array): Uint8Array {
  const hash = (data: Uint8Array) => crypto.sha384(data)
  const salt = hash(concat(utf8('cocoon/simulated-salt/1'), message))
  const digest = hash(concat(new Uint8Array(8), hash(message), salt))
  const blockBytes = MODULUS_BYTES - HASH_BYTES - 1
  const padding = new Uint8Array(blockBytes - HASH_BYTES - 1)
  const block = concat(padding, Uint8Array.of(1), salt)
  const mask = maskGeneration(hash, digest, blockBytes)
  const masked = block.map((byte, at) => (byte ^ (mask[at] ?? 0)) & (at === 0 ? 0x7f : 0xff))
  return concat(masked, digest, Uint8Array.of(0xbc))
}

/** The key of the simulated ARK or ASK. */
export function testOnlyRsaKey(name: keyof typeof TEST_ONLY_RSA_PRIMES): SimulatedRsaKey {
  const p = BigInt(`0x${TEST_ONLY_RSA_PRIMES[name].p}`)
  const q = BigInt(`0x${TEST_ONLY_RSA_PRIMES[name].q}`)
  const modulus = bytesOf(p * q)
  return {
    modulus,
    sign(crypto, message) {
      const encoded = BigInt(`0x${toHex(encode(crypto, message))}`)
      const byP = power(encoded, inverseExponent(p - 1n), p)
      const byQ = power(encoded, inverseExponent(q - 1n), q)
      const step = (((byP - byQ) % p) + p) % p
      return bytesOf(byQ + q * ((step * inverse(q, p)) % p))
    },
  }
}

/** ECDSA-Sig-Value (RFC 3279 section 2.2.3) to the fixed-length r||s that the crypto port takes. */
import { children, derError, expectTag, readDer, TAG } from './reader.ts'
import { readUnsigned } from './values.ts'

const SCALAR_BYTES = 32

/** @throws AttestationError DER_MALFORMED */
export function p256SignatureFromDer(der: Uint8Array): Uint8Array {
  const parts = children(expectTag(readDer(der), TAG.sequence, 'signature'))
  if (parts.length !== 2) derError('a signature is two integers')
  const out = new Uint8Array(2 * SCALAR_BYTES)
  for (const [index, part] of parts.entries()) {
    const scalar = readUnsigned(part, 'signature scalar')
    if (scalar.length > SCALAR_BYTES) derError('signature scalar above 256 bits')
    out.set(scalar, (index + 1) * SCALAR_BYTES - scalar.length)
  }
  return out
}

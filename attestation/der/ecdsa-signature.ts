/** ECDSA-Sig-Value (RFC 3279 section 2.2.3) to the fixed-length r||s that the crypto port takes. */
import { children, derError, expectTag, readDer, TAG } from './reader.ts'
import { readUnsigned } from './values.ts'

/** @throws AttestationError DER_MALFORMED */
export function ecdsaSignatureFromDer(der: Uint8Array, scalarBytes: number): Uint8Array {
  const parts = children(expectTag(readDer(der), TAG.sequence, 'signature'))
  if (parts.length !== 2) derError('a signature is two integers')
  const out = new Uint8Array(2 * scalarBytes)
  for (const [index, part] of parts.entries()) {
    const scalar = readUnsigned(part, 'signature scalar')
    if (scalar.length > scalarBytes) derError(`signature scalar above ${8 * scalarBytes} bits`)
    out.set(scalar, (index + 1) * scalarBytes - scalar.length)
  }
  return out
}

/** @throws AttestationError DER_MALFORMED */
export function p256SignatureFromDer(der: Uint8Array): Uint8Array {
  return ecdsaSignatureFromDer(der, 32)
}

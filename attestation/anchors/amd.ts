/**
 * AMD's roots of trust for SEV-SNP, compiled in. Milan's is here so that a Milan report can be read and refused
 * by name; no built-in policy accepts it.
 */
import type { SnpProduct } from '#attestation/policy/snp-section.ts'
import type { TrustAnchor } from '#attestation/types.ts'
import { fromBase64 } from '#protocol/base64.ts'
import { toHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { AttestationError } from '#protocol/errors.ts'
import { AMD_ROOTS } from './amd-roots.ts'

/** SHA-256 of each root's DER: the only ones of AMD's that may ever be called `production`. */
export const AMD_ROOTS_SHA256 = Object.values(AMD_ROOTS).map((root) => root.sha256)

export function amdAnchorId(product: SnpProduct): string {
  return `amd-ark-${product}`
}

/**
 * @throws AttestationError ANCHOR_CORRUPT when the compiled-in certificate is not the pinned one
 */
export function amdAnchor(crypto: CryptoPort, product: SnpProduct): TrustAnchor {
  const rootCertificate = fromBase64(AMD_ROOTS[product].base64)
  if (toHex(crypto.sha256(rootCertificate)) !== AMD_ROOTS[product].sha256) {
    throw new AttestationError('ANCHOR_CORRUPT', `the compiled-in ${product} root is not AMD's`, {
      remedy: 'Install this program again from a source you trust.',
    })
  }
  return { id: amdAnchorId(product), kind: 'amd-ark', environment: 'production', rootCertificate }
}

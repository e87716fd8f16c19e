/**
 * Certificates out of PEM text as services and tools write it: lenient about line breaks and text in
 * between, since every certificate is checked byte for byte afterwards.
 */
import { CHAIN_CERTIFICATES_MAX } from '#attestation/constants.ts'
import { EVIDENCE_COLLATERAL_BYTES_MAX } from '#protocol/constants.ts'

const BLOCK = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g

/** @returns DER, at most `certificatesMax`; nothing for text that is too long or has none */
export function readPemCertificates(
  text: string,
  certificatesMax: number = CHAIN_CERTIFICATES_MAX,
): Uint8Array[] {
  if (text.length > EVIDENCE_COLLATERAL_BYTES_MAX) return []
  return [...text.matchAll(BLOCK)]
    .slice(0, certificatesMax)
    .flatMap(([, base64 = '']) => bytesOf(base64.replace(/\s/g, '')) ?? [])
}

function bytesOf(base64: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
  } catch {
    return undefined
  }
}

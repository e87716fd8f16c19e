/**
 * PEM chains in the one spelling that Intel's quoting enclave writes: 64-character lines, LF, nothing
 * between the certificates, one NUL at the end. Any other spelling of the same certificates is refused, so that a quote
 * has exactly one form.
 */
import { CHAIN_CERTIFICATES_MAX } from '#attestation/constants.ts'
import { fromBase64, toBase64 } from '#protocol/base64.ts'
import { equal, fromUtf8, utf8 } from '#protocol/bytes.ts'
import { AttestationError } from '#protocol/errors.ts'

const BEGIN = '-----BEGIN CERTIFICATE-----\n'
const END = '-----END CERTIFICATE-----\n'
const NUL = '\0'

/** Certificates (DER) to the canonical PEM text. */
export function encodePemChain(certificates: readonly Uint8Array[]): Uint8Array {
  const blocks = certificates.map((der) => {
    const lines = toBase64(der).replace(/.{1,64}/g, '$&\n')
    return `${BEGIN}${lines}${END}`
  })
  return utf8(blocks.join('') + NUL)
}

/** @throws AttestationError PEM_MALFORMED */
export function decodePemChain(text: Uint8Array): Uint8Array[] {
  const certificates = readBlocks(text)
  if (certificates.length > CHAIN_CERTIFICATES_MAX || !equal(encodePemChain(certificates), text)) {
    return malformed()
  }
  return certificates
}

function readBlocks(text: Uint8Array): Uint8Array[] {
  try {
    return fromUtf8(text)
      .split(END)
      .slice(0, CHAIN_CERTIFICATES_MAX + 1)
      .filter((block) => block !== NUL)
      .map((block) => fromBase64(block.slice(BEGIN.length)))
  } catch {
    return malformed() // no text, or no base64
  }
}

/** @throws AttestationError PEM_MALFORMED, always */
function malformed(): never {
  throw new AttestationError('PEM_MALFORMED', 'the certificate chain is not canonical PEM')
}

/**
 * PEM chains in the one spelling that Intel's quoting enclave writes: 64-character lines, LF, nothing
 * between the certificates, one NUL at the end. Any other spelling of the same certificates is refused, so that a quote
 * has exactly one form.
 */
import { CHAIN_CERTIFICATES_MAX } from '#attestation/constants.ts'
import { equal, utf8 } from '#protocol/bytes.ts'
import { AttestationError } from '#protocol/errors.ts'

const BEGIN = '-----BEGIN CERTIFICATE-----\n'
const END = '-----END CERTIFICATE-----\n'
const NUL = '\0'

/** Certificates (DER) to the canonical PEM text. */
export function encodePemChain(certificates: readonly Uint8Array[]): Uint8Array {
  const blocks = certificates.map((der) => {
    const lines = Buffer.from(der)
      .toString('base64')
      .replace(/.{1,64}/g, '$&\n')
    return `${BEGIN}${lines}${END}`
  })
  return utf8(blocks.join('') + NUL)
}

/** @throws AttestationError PEM_MALFORMED */
export function decodePemChain(text: Uint8Array): Uint8Array[] {
  const blocks = Buffer.from(text).toString('latin1').split(END)
  const certificates = blocks
    .slice(0, CHAIN_CERTIFICATES_MAX + 1)
    .filter((block) => block !== NUL)
    .map((block) => new Uint8Array(Buffer.from(block.slice(BEGIN.length), 'base64')))
  if (certificates.length > CHAIN_CERTIFICATES_MAX || !equal(encodePemChain(certificates), text)) {
    throw new AttestationError('PEM_MALFORMED', 'the certificate chain is not canonical PEM')
  }
  return certificates
}

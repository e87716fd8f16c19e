/**
 * Answers of Intel's PCS (API v4) and of a PCCS in front of it, part by part. The signed documents are
 * cut out of the text byte for byte: their signature covers exactly these bytes.
 */
import { fromHex, fromUtf8, utf8 } from '#protocol/bytes.ts'
import { AttestationError } from '#protocol/errors.ts'

/** A signed document and its signature, r||s. */
export interface SignedDocument {
  readonly json: Uint8Array
  readonly signature: Uint8Array
}

const BODY = {
  tcbInfo:
    /^\s*\{\s*"tcbInfo"\s*:\s*(\{[\s\S]*\})\s*,\s*"signature"\s*:\s*"([0-9a-fA-F]{128})"\s*\}\s*$/,
  enclaveIdentity:
    /^\s*\{\s*"enclaveIdentity"\s*:\s*(\{[\s\S]*\})\s*,\s*"signature"\s*:\s*"([0-9a-fA-F]{128})"\s*\}\s*$/,
} as const

/** @throws AttestationError PCS_COLLATERAL_MALFORMED */
export function signedDocument(body: Uint8Array, name: keyof typeof BODY): SignedDocument {
  const [, json, signature] = BODY[name].exec(textOf(body, name)) ?? []
  if (json === undefined || signature === undefined) throw malformed(name)
  return { json: utf8(json), signature: fromHex(signature.toLowerCase()) }
}

/**
 * The issuer chain of a response header: PEM, percent-encoded.
 * @returns PEM text
 * @throws AttestationError PCS_COLLATERAL_MALFORMED
 */
export function chainOfHeader(value: string | null, header: string): string {
  if (value === null) throw malformed(header)
  try {
    return decodeURIComponent(value)
  } catch {
    throw malformed(header)
  }
}

/**
 * A revocation list as DER, which PCS sends, or as hexadecimal DER or PEM, which a PCCS sends.
 * @throws AttestationError PCS_COLLATERAL_MALFORMED
 */
export function revocationListOf(body: Uint8Array, name: string): Uint8Array {
  if (body[0] === 0x30) return body
  const text = textOf(body, name).trim()
  if (/^([0-9a-fA-F]{2})+$/.test(text)) return fromHex(text.toLowerCase())
  const [, base64] =
    /^-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]+)-----END X509 CRL-----$/.exec(text) ?? []
  if (base64 === undefined) throw malformed(name)
  return Uint8Array.from(atob(base64.replace(/\s/g, '')), (character) => character.charCodeAt(0))
}

function textOf(body: Uint8Array, name: string): string {
  try {
    return fromUtf8(body)
  } catch {
    throw malformed(name)
  }
}

function malformed(part: string): AttestationError {
  return new AttestationError('PCS_COLLATERAL_MALFORMED', `unexpected field "${part}"`, {
    remedy: 'Fetch the collateral again from Intel PCS or a PCCS.',
  })
}

/** Base64 (RFC 4648, section 4) on what Node and browsers both have. */

/** Arguments of one call: engines refuse more than about 100,000. */
const CHUNK_BYTES = 8_192

export function toBase64(bytes: Uint8Array): string {
  let binary = ''
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    // `apply` reads a typed array as it is; spreading it walks an iterator.
    const chunk = bytes.subarray(at, at + CHUNK_BYTES)
    binary += String.fromCharCode.apply(null, chunk as unknown as number[])
  }
  return btoa(binary)
}

/**
 * Lenient about white space and missing padding: whoever needs one spelling only encodes again
 * and compares.
 * @throws RangeError when the text holds anything else
 */
export function fromBase64(text: string): Uint8Array {
  let binary: string
  try {
    binary = atob(text)
  } catch {
    throw new RangeError('not base64')
  }
  const out = new Uint8Array(binary.length)
  for (let at = 0; at < binary.length; at++) out[at] = binary.charCodeAt(at)
  return out
}

import { tagged } from './bytes.ts'
import type { CryptoPort } from './crypto/port.ts'

/** SHA-256 over `tag 00 (u32 length, field)*`: the digest of docs/spec/encoding.md. */
export function digest(
  crypto: CryptoPort,
  tag: string,
  ...fields: readonly Uint8Array[]
): Uint8Array {
  return crypto.sha256(tagged(tag, ...fields))
}

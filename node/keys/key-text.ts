/** API keys as text: `cocoon_ID_SECRET`. The id is public and finds the row; the secret is only hashed. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { KEY_SECRET_BYTES } from './constants.ts'

export interface MintedKey {
  /** 12 hexadecimal digits. */
  readonly id: string
  /** Shown once, to whoever made it; kept nowhere. */
  readonly text: string
  readonly secretHash: Uint8Array
}

const FORM = /^cocoon_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/

export function mintKey(): MintedKey {
  const id = randomBytes(6).toString('hex')
  const secret = randomBytes(KEY_SECRET_BYTES).toString('base64url')
  return { id, text: `cocoon_${id}_${secret}`, secretHash: hashSecret(secret) }
}

/** What listings show of a key. */
export const keyPrefix = (id: string): string => `cocoon_${id}`

export interface PresentedKey {
  readonly id: string
  readonly secretHash: Uint8Array
}

/** Undefined: this is no key of ours, whatever else it may be. */
export function parseKey(text: string): PresentedKey | undefined {
  const [, id, secret] = FORM.exec(text) ?? []
  if (id === undefined || secret === undefined) return undefined
  return { id, secretHash: hashSecret(secret) }
}

/** In constant time: how far a guess agrees cannot be measured. */
export function sameHash(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}

export function hashSecret(secret: string): Uint8Array {
  return createHash('sha256').update('cocoon/api-key/1\0').update(secret).digest()
}

/**
 * The token by which the owner's own tools on this machine are known to a running client once the API
 * asks for keys: a file that only the owner can read, new at each start.
 */
import { randomBytes } from 'node:crypto'
import { closeSync, fchmodSync, openSync, readFileSync, writeSync } from 'node:fs'
import path from 'node:path'
import { OWNER_TOKEN_FILE } from './constants.ts'
import { hashSecret, sameHash } from './key-text.ts'

const FORM = /^cocoon_owner_[A-Za-z0-9_-]{43}$/

/** Writes a new token to the data folder, mode 0600, and returns it. */
export function makeOwnerToken(dataDir: string): string {
  const token = `cocoon_owner_${randomBytes(32).toString('base64url')}`
  const file = openSync(path.join(dataDir, OWNER_TOKEN_FILE), 'w', 0o600)
  fchmodSync(file, 0o600)
  writeSync(file, token)
  closeSync(file)
  return token
}

/** Undefined: no client was started in this folder. */
export function readOwnerToken(dataDir: string): string | undefined {
  try {
    const token = readFileSync(path.join(dataDir, OWNER_TOKEN_FILE), 'utf8')
    return FORM.test(token) ? token : undefined
  } catch {
    return undefined
  }
}

export function isOwnerToken(presented: string, token: string): boolean {
  return sameHash(hashSecret(presented), hashSecret(token))
}

/**
 * Who is calling. On loopback and without any key, whoever can connect is the owner, as with any local
 * tool. Once a key was made, or the API listens elsewhere, every call must show a key or the owner's
 * token, and the local API, which can spend without a budget, is the owner's alone.
 */
import { type ApiKey, checkKeyLives } from '#node/keys/key-rules.ts'
import type { KeyStore } from '#node/keys/key-store.ts'
import { parseKey } from '#node/keys/key-text.ts'
import { isOwnerToken } from '#node/keys/owner-token.ts'
import type { Clock } from '#protocol/clock.ts'
import { ConfigError } from '#protocol/errors.ts'

export interface Caller {
  readonly isOwner: boolean
  /** Undefined: the owner, without a key. */
  readonly key: ApiKey | undefined
  /** Whose files and batches it sees: the key's id, or `owner`. */
  readonly account: string
}

export interface AccessParts {
  readonly keys: KeyStore
  readonly clock: Clock
  readonly ownerToken: string
  /** The API listens on more than loopback. */
  readonly isExposed: boolean
}

const OWNER: Caller = { isOwner: true, key: undefined, account: 'owner' }

export class Access {
  readonly #parts: AccessParts

  constructor(parts: AccessParts) {
    this.#parts = parts
  }

  /** @throws ConfigError KEY_MISSING, KEY_REFUSED, KEY_REVOKED, KEY_EXPIRED */
  caller(authorization: string | undefined): Caller {
    const { keys, clock, ownerToken, isExposed } = this.#parts
    const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
    if (token !== undefined && isOwnerToken(token, ownerToken)) return OWNER
    const presented = token === undefined ? undefined : parseKey(token)
    if (presented === undefined) {
      if (!isExposed && keys.count === 0) return OWNER
      throw token === undefined ? keyMissing() : keyRefused()
    }
    const key = keys.find(presented)
    if (key === undefined) throw keyRefused()
    checkKeyLives(key, clock.nowMs())
    return { isOwner: key.scope === 'owner', key, account: key.id }
  }
}

/** @throws ConfigError OWNER_REQUIRED */
export function requireOwner({ isOwner }: Caller): void {
  if (isOwner) return
  throw new ConfigError('OWNER_REQUIRED', 'the local API is for the owner of this client', {
    remedy: 'Use a key made with `cocoon keys create --owner`, or the paths under /v1.',
  })
}

function keyMissing(): ConfigError {
  return new ConfigError('KEY_MISSING', 'this server asks for an API key', {
    remedy: 'Send authorization: Bearer KEY; make one with `cocoon keys create`.',
  })
}

function keyRefused(): ConfigError {
  return new ConfigError('KEY_REFUSED', 'this is no API key of this server', {
    remedy: 'Check the key; `cocoon keys list` shows the prefixes of those that there are.',
  })
}

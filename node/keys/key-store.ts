/**
 * API keys in the ledger's database. The command line and a running client may both use it: a key that
 * is made or revoked counts from the next request on.
 */
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import { z } from 'zod'
import type { Spent } from '#node/roles/client-service.ts'
import { inTransaction } from '#node/spending/database.ts'
import { type Balance, type Hold, Ledger } from '#node/spending/ledger.ts'
import { ConfigError } from '#protocol/errors.ts'
import { API_KEYS_MAX, KEY_MODELS_MAX, KEY_NAME_CHARS_MAX, KEY_RATE_MAX } from './constants.ts'
import { type ApiKey, budgetSpent, type KeyLimits } from './key-rules.ts'
import { mintKey, type PresentedKey, sameHash } from './key-text.ts'

export interface NewKey {
  readonly name: string
  readonly scope: ApiKey['scope']
  readonly limits: KeyLimits
}

export interface KeyUsage extends Balance {
  /** Requests that came to their end, whatever it was. */
  readonly requests: number
  readonly promptTokens: number
  readonly completionTokens: number
}

export interface ListedKey extends ApiKey {
  readonly usage: KeyUsage
}

const limitsSchema = z.strictObject({
  budgetNano: z
    .string()
    .regex(/^\d{1,18}$/)
    .transform(BigInt)
    .optional(),
  ratePerMinute: z.int().min(1).max(KEY_RATE_MAX).optional(),
  models: z.array(z.string().min(1).max(128)).min(1).max(KEY_MODELS_MAX).optional(),
  tierMin: z.enum(['confidential', 'simulated', 'open']).optional(),
  expiresAtMs: z.int().min(0).optional(),
})

export class KeyStore {
  readonly #database: DatabaseSync
  readonly #ledger: Ledger
  readonly #sql

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#ledger = new Ledger(database)
    this.#sql = {
      count: database.prepare('SELECT COUNT(*) AS count FROM keys'),
      add: database.prepare(
        `INSERT INTO keys (id, secret_hash, scope, name, limits_json, created_at)
         VALUES (?, ?, ?, ?, ?, ?)`,
      ),
      get: database.prepare('SELECT * FROM keys WHERE id = ?'),
      all: database.prepare('SELECT * FROM keys ORDER BY created_at, id'),
      revoke: database.prepare(
        'UPDATE keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL',
      ),
      use: database.prepare(
        `UPDATE keys SET requests = requests + 1, prompt_tokens = prompt_tokens + ?,
         completion_tokens = completion_tokens + ? WHERE id = ?`,
      ),
    }
  }

  /** Keys ever made. A revoked key still counts: revoking one must not open the API. */
  get count(): number {
    return Number(this.#sql.count.get()?.['count'] ?? 0)
  }

  /**
   * @returns the key's text, which is kept nowhere
   * @throws ConfigError KEY_INVALID, KEYS_TOO_MANY
   */
  create(wanted: NewKey, nowMs: number): { readonly key: ApiKey; readonly text: string } {
    const limits = checkedLimits(wanted)
    const { id, text, secretHash } = mintKey()
    inTransaction(this.#database, () => {
      if (this.count >= API_KEYS_MAX) {
        throw new ConfigError('KEYS_TOO_MANY', `there are ${API_KEYS_MAX} API keys already`, {
          remedy: 'Use one of them, or another data folder.',
        })
      }
      this.#sql.add.run(id, secretHash, wanted.scope, wanted.name, limits, nowMs)
    })
    return { key: this.#key(id), text }
  }

  /** In the order in which they were made. */
  list(): readonly ListedKey[] {
    return this.#sql.all.all().map((row) => this.#listed(row))
  }

  /** @throws ConfigError KEY_UNKNOWN */
  show(id: string): ListedKey {
    const row = this.#sql.get.get(id)
    if (row === undefined) throw unknownKey()
    return this.#listed(row)
  }

  /** Idempotent. @throws ConfigError KEY_UNKNOWN */
  revoke(id: string, nowMs: number): ApiKey {
    this.#sql.revoke.run(nowMs, id)
    return this.#key(id)
  }

  /** Undefined: no such key, or another secret. */
  find({ id, secretHash }: PresentedKey): ApiKey | undefined {
    const row = this.#sql.get.get(id)
    if (row === undefined || !sameHash(row['secret_hash'] as Uint8Array, secretHash)) {
      return undefined
    }
    return toKey(row)
  }

  /** What is left of its budget; undefined: it has none. */
  leftNano(key: ApiKey): bigint | undefined {
    return this.#ledger.leftNano({ account: accountOf(key), capNano: key.limits.budgetNano })
  }

  /**
   * Reserves from the budget, durably, before anything is asked.
   * @throws SettlementError KEY_BUDGET_SPENT
   */
  hold(key: ApiKey, nano: bigint): Hold {
    const charge = { account: accountOf(key), capNano: key.limits.budgetNano }
    const result = this.#ledger.hold([charge], nano)
    if (result.held) return result.hold
    throw budgetSpent(result.leftNano)
  }

  /** A request is over. Nothing happens when the ledger is closed: its hold then counts in full. */
  settle(key: ApiKey, hold: Hold, spent: Spent): void {
    if (!this.#database.isOpen) return
    hold.settle(spent.priceNano)
    this.#sql.use.run(spent.promptTokens, spent.completionTokens, key.id)
  }

  #key(id: string): ApiKey {
    const row = this.#sql.get.get(id)
    if (row === undefined) throw unknownKey()
    return toKey(row)
  }

  #listed(row: Row): ListedKey {
    const key = toKey(row)
    return {
      ...key,
      usage: {
        requests: Number(row['requests']),
        promptTokens: Number(row['prompt_tokens']),
        completionTokens: Number(row['completion_tokens']),
        ...this.#ledger.balance(accountOf(key)),
      },
    }
  }
}

type Row = Record<string, SQLOutputValue>

const accountOf = ({ id }: ApiKey): string => `key/${id}`

function toKey(row: Row): ApiKey {
  return {
    id: String(row['id']),
    scope: row['scope'] === 'owner' ? 'owner' : 'app',
    name: String(row['name']),
    limits: limitsSchema.parse(JSON.parse(String(row['limits_json']))),
    createdAtMs: Number(row['created_at']),
    revokedAtMs: row['revoked_at'] === null ? undefined : Number(row['revoked_at']),
  }
}

/** As they are stored. @throws ConfigError KEY_INVALID */
function checkedLimits({ name, limits }: NewKey): string {
  const { budgetNano, ...rest } = limits
  const stored = JSON.stringify({
    ...rest,
    ...(budgetNano === undefined ? {} : { budgetNano: `${budgetNano}` }),
  })
  const parsed = limitsSchema.safeParse(JSON.parse(stored))
  if (name.length <= KEY_NAME_CHARS_MAX && parsed.success) return stored
  const what = parsed.success ? 'name' : parsed.error.issues[0]?.path.join('.')
  throw new ConfigError('KEY_INVALID', `the key's ${what} is out of its limits`, {
    remedy: 'Correct it; docs/LIMITS.md has the limits of API keys.',
  })
}

function unknownKey(): ConfigError {
  return new ConfigError('KEY_UNKNOWN', 'there is no such API key', {
    remedy: 'List them with `cocoon keys list`.',
  })
}

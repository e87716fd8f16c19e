/** Batches as OpenAI shows them, durable in the ledger's database. */
import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import { ConfigError } from '#protocol/errors.ts'
import { metadataSchema } from './chat-schema.ts'
import type { Viewer } from './file-store.ts'

const seconds = z.int().nullable()

const documentSchema = z.strictObject({
  id: z.string().regex(/^batch_[0-9a-f]{32}$/),
  object: z.literal('batch'),
  endpoint: z.string(),
  model: z.string(),
  errors: z
    .strictObject({
      object: z.literal('list'),
      data: z.array(
        z.strictObject({
          code: z.string(),
          message: z.string(),
          line: z.int().nullable(),
          param: z.string().nullable(),
        }),
      ),
    })
    .nullable(),
  input_file_id: z.string(),
  completion_window: z.literal('24h'),
  status: z.enum([
    'validating',
    'in_progress',
    'finalizing',
    'completed',
    'failed',
    'expired',
    'cancelling',
    'cancelled',
  ]),
  output_file_id: z.string().nullable(),
  error_file_id: z.string().nullable(),
  created_at: z.int(),
  in_progress_at: seconds,
  expires_at: z.int(),
  finalizing_at: seconds,
  completed_at: seconds,
  failed_at: seconds,
  expired_at: seconds,
  cancelling_at: seconds,
  cancelled_at: seconds,
  request_counts: z.strictObject({ total: z.int(), completed: z.int(), failed: z.int() }),
  metadata: metadataSchema.nullable(),
})

const recordSchema = z.strictObject({
  document: documentSchema,
  /** Jobs that carried its lines, one after the other. */
  jobs: z.array(z.string()),
  /** Decimal nanoTON for all its jobs together; null: no cap of its own. */
  maxPriceNano: z.string().regex(/^\d+$/).nullable(),
})

export type BatchDocument = z.output<typeof documentSchema>
export type BatchRecord = z.output<typeof recordSchema> & { readonly account: string }

const RUNNING = new Set<BatchDocument['status']>([
  'validating',
  'in_progress',
  'finalizing',
  'cancelling',
])

export const isRunning = ({ document }: BatchRecord): boolean => RUNNING.has(document.status)

export class BatchBook {
  readonly #sql

  constructor(database: DatabaseSync) {
    this.#sql = {
      count: database.prepare('SELECT COUNT(*) AS count FROM batches'),
      save: database.prepare(
        `INSERT INTO batches VALUES (?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET document_json = excluded.document_json`,
      ),
      get: database.prepare('SELECT * FROM batches WHERE id = ?'),
      all: database.prepare('SELECT * FROM batches ORDER BY created_at DESC, rowid DESC'),
    }
  }

  get count(): number {
    return Number(this.#sql.count.get()?.['count'] ?? 0)
  }

  /** Durable when it returns. */
  save(record: BatchRecord): void {
    const { account, ...stored } = record
    const { id, created_at } = stored.document
    this.#sql.save.run(id, account, JSON.stringify(stored), created_at)
  }

  /** Newest first, of every account. */
  all(): readonly BatchRecord[] {
    return this.#sql.all.all().map(toRecord)
  }

  list(viewer: Viewer): readonly BatchRecord[] {
    return this.all().filter(({ account }) => viewer.isOwner || account === viewer.account)
  }

  /** @throws ConfigError NOT_FOUND, also for a batch of somebody else */
  get(id: string, viewer: Viewer): BatchRecord {
    const row = this.#sql.get.get(id)
    const record = row === undefined ? undefined : toRecord(row)
    if (record !== undefined && (viewer.isOwner || record.account === viewer.account)) return record
    throw new ConfigError('NOT_FOUND', 'there is no such batch')
  }
}

function toRecord(row: Record<string, unknown>): BatchRecord {
  const stored = recordSchema.parse(JSON.parse(String(row['document_json'])))
  return { ...stored, account: String(row['owner']) }
}

/** Files that callers upload and batches write: content in the owner's folder, mode 0600, index in the ledger. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import type { Clock } from '#protocol/clock.ts'
import { ConfigError, UnavailableError } from '#protocol/errors.ts'
import { PAGE_ROWS_MAX, UPLOADED_BYTES_MAX, UPLOADED_FILES_MAX } from './constants.ts'

const fileSchema = z.strictObject({
  id: z.string().regex(/^file-[0-9a-f]{32}$/),
  object: z.literal('file'),
  bytes: z.int(),
  created_at: z.int(),
  filename: z.string(),
  purpose: z.enum(['batch', 'batch_output']),
  status: z.literal('processed'),
})

/** As OpenAI shows it. */
export type FileDocument = z.output<typeof fileSchema>

export interface NewFile {
  /** Key id of whoever may see it, or `owner`. */
  readonly account: string
  readonly filename: string
  readonly purpose: FileDocument['purpose']
  readonly content: Uint8Array
}

/** Who looks: a key sees its own files only, the owner all. */
export interface Viewer {
  readonly account: string
  readonly isOwner: boolean
}

export class FileStore {
  readonly #folder: string
  readonly #clock: Clock
  readonly #sql

  constructor(database: DatabaseSync, dataDir: string, clock: Clock) {
    this.#folder = path.join(dataDir, 'files')
    this.#clock = clock
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    this.#sql = {
      total: database.prepare(
        'SELECT COUNT(*) AS files, COALESCE(SUM(bytes), 0) AS bytes FROM files',
      ),
      add: database.prepare('INSERT INTO files VALUES (?, ?, ?, ?, ?)'),
      get: database.prepare('SELECT * FROM files WHERE id = ?'),
      all: database.prepare('SELECT * FROM files ORDER BY created_at DESC, rowid DESC'),
      drop: database.prepare('DELETE FROM files WHERE id = ?'),
    }
  }

  /** @throws UnavailableError FILES_TOO_MANY */
  add({ account, filename, purpose, content }: NewFile): FileDocument {
    const total = this.#sql.total.get()
    const isFull =
      Number(total?.['files']) >= UPLOADED_FILES_MAX ||
      Number(total?.['bytes']) + content.length > UPLOADED_BYTES_MAX
    if (isFull) {
      throw new UnavailableError('FILES_TOO_MANY', 'there is no room for another file', {
        remedy: 'Delete files that are not needed any more (DELETE /v1/files/ID).',
      })
    }
    const nowMs = this.#clock.nowMs()
    const file: FileDocument = {
      id: `file-${randomBytes(16).toString('hex')}`,
      object: 'file',
      bytes: content.length,
      created_at: Math.floor(nowMs / 1000),
      filename,
      purpose,
      status: 'processed',
    }
    // The content first: an entry without content would be a lie, content without one is only lost.
    writeFileSync(this.#pathOf(file.id), content, { mode: 0o600, flush: true })
    this.#sql.add.run(file.id, account, JSON.stringify(file), content.length, nowMs)
    return file
  }

  /** Newest first. */
  list(viewer: Viewer): readonly FileDocument[] {
    return this.#sql.all
      .all()
      .filter((row) => viewer.isOwner || row['owner'] === viewer.account)
      .map((row) => toFile(row['document_json']))
  }

  /** @throws ConfigError NOT_FOUND, also for a file of somebody else */
  get(id: string, viewer: Viewer): FileDocument {
    const row = this.#sql.get.get(id)
    if (row === undefined || !(viewer.isOwner || row['owner'] === viewer.account)) {
      throw new ConfigError('NOT_FOUND', 'there is no such file')
    }
    return toFile(row['document_json'])
  }

  content(file: FileDocument): Buffer<ArrayBuffer> {
    return readFileSync(this.#pathOf(file.id))
  }

  delete(file: FileDocument): void {
    this.#sql.drop.run(file.id)
    rmSync(this.#pathOf(file.id), { force: true })
  }

  /** Ids are made here and checked when they are read: no caller's text becomes a path. */
  #pathOf(id: string): string {
    return path.join(this.#folder, id)
  }
}

function toFile(json: unknown): FileDocument {
  return fileSchema.parse(JSON.parse(String(json)))
}

export interface Page<T> {
  readonly object: 'list'
  readonly data: readonly T[]
  readonly first_id: string | null
  readonly last_id: string | null
  readonly has_more: boolean
}

const countText = z.string().regex(/^\d{1,5}$/)

/** Of an OpenAI listing: `limit` and `after`, the id of the last entry of the page before. */
export const pageQuerySchema = z.strictObject({
  limit: countText.transform(Number).pipe(z.int().min(1).max(10_000)).optional(),
  after: z.string().max(128).optional(),
})

export function pageOf<T extends { readonly id: string }>(
  all: readonly T[],
  { limit = PAGE_ROWS_MAX, after }: z.output<typeof pageQuerySchema>,
): Page<T> {
  const start = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1
  const data = all.slice(start, start + Math.min(limit, PAGE_ROWS_MAX))
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: start + data.length < all.length,
  }
}

/** What the store keeps about one model, in a file beside the model's own. */
import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { type ModelManifest, manifestRoot } from '#inference/model/manifest.ts'
import { equal, toHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { ConfigError } from '#protocol/errors.ts'
import { MODEL_NAME } from '#protocol/model/publication.ts'
import { LICENCE_CHARS_MAX, MODEL_RECORD_BYTES_MAX } from './constants.ts'
import { hex32, manifestFiles, manifestFilesSchema } from './manifest-document.ts'

export const RECORD_FILE = 'cocoon-model.json'

export const licenceSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9 .+-]*$/)
  .max(LICENCE_CHARS_MAX)

const originSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('hub'),
    endpoint: z.string().max(2_048),
    repository: z.string().max(256),
    revision: z.string().max(256),
    /** 40 hexadecimal digits. */
    commit: z.string().max(64),
    /** As the repository's card says it, unchecked. */
    licence: z.string().max(256).nullable(),
  }),
  z.strictObject({
    kind: z.literal('peers'),
    /** Who said that this root is the one that was meant. */
    namedBy: z.enum(['root', 'pin', 'publisher', 'registry', 'network']),
    publisher: z.string().max(64).nullable(),
    /** Raw address; absent: none said it. */
    registry: z.string().max(80).optional(),
    licence: z.string().max(256).nullable(),
  }),
])

const recordSchema = z.strictObject({
  format: z.literal('cocoon-model-record/1'),
  name: z.string().regex(MODEL_NAME),
  root: hex32,
  files: manifestFilesSchema,
  origin: originSchema,
  addedAtMs: z.number(),
})

export type ModelOrigin = z.output<typeof originSchema>

export interface ModelRecord {
  readonly name: string
  /** 32 bytes. */
  readonly root: Uint8Array
  readonly files: ModelManifest
  readonly origin: ModelOrigin
  readonly addedAtMs: number
}

export function recordText(record: ModelRecord): string {
  const { name, root, files, origin, addedAtMs } = record
  const document = {
    format: 'cocoon-model-record/1',
    ...{ name, root: toHex(root), files: manifestFiles(files), origin, addedAtMs },
  }
  return `${JSON.stringify(document, null, 2)}\n`
}

/**
 * The record in a model's folder; what it says of the files is what its root says.
 * @throws ConfigError MODEL_RECORD_INVALID
 */
export function readRecord(folder: string, crypto: CryptoPort): ModelRecord {
  const file = path.join(folder, RECORD_FILE)
  try {
    if (statSync(file).size > MODEL_RECORD_BYTES_MAX) throw new RangeError('too large')
    const { format: _, ...record } = recordSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
    if (!equal(manifestRoot(record.files, crypto), record.root)) throw new RangeError('its root')
    return record
  } catch (cause) {
    throw new ConfigError('MODEL_RECORD_INVALID', `${file} is not the record of a model`, {
      cause,
      remedy: 'Remove the folder and pull the model again.',
    })
  }
}

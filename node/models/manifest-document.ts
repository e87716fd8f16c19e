/** A manifest as a document, on disk and on the wire; what it means is only what its root says. */
import { z } from 'zod'
import { type ModelManifest, manifestRoot } from '#inference/model/manifest.ts'
import { equal, fromHex, fromUtf8, toHex, utf8 } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { MANIFEST_BYTES_MAX, MODEL_PATH_CHARS_MAX } from './constants.ts'
import { checkManifest, invalid } from './model-paths.ts'

export const hex32 = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .transform(fromHex)

export const manifestFilesSchema = z
  .array(
    z.strictObject({
      path: z.string().min(1).max(MODEL_PATH_CHARS_MAX),
      sizeBytes: z.int().min(0),
      sha256: hex32,
      pieces: hex32,
    }),
  )
  .min(1)
  .max(128)

const documentSchema = z.strictObject({
  format: z.literal('cocoon-model-manifest/1'),
  files: manifestFilesSchema,
})

export function manifestFiles(manifest: ModelManifest) {
  return manifest.map(({ path, sizeBytes, sha256, pieces }) => ({
    ...{ path, sizeBytes },
    sha256: toHex(sha256),
    pieces: toHex(pieces),
  }))
}

export function manifestDocument(manifest: ModelManifest): Uint8Array {
  const document = { format: 'cocoon-model-manifest/1', files: manifestFiles(manifest) }
  return utf8(JSON.stringify(document))
}

/**
 * The manifest that has this root, whoever sent the bytes.
 * @throws ProtocolError MODEL_MANIFEST_INVALID, MODEL_PATH_REFUSED
 */
export function readManifest(
  bytes: Uint8Array,
  root: Uint8Array,
  crypto: CryptoPort,
): ModelManifest {
  if (bytes.length > MANIFEST_BYTES_MAX) throw invalid(`${bytes.length} bytes`)
  let files: ModelManifest
  try {
    files = documentSchema.parse(JSON.parse(fromUtf8(bytes))).files
  } catch {
    throw invalid('it cannot be read')
  }
  if (!equal(manifestRoot(files, crypto), root)) throw invalid('it has another root')
  checkManifest(files)
  return files
}

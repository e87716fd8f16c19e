/** Which paths a model may have, so that nothing a stranger says leaves its folder. */
import { MODEL_BYTES_MAX, ONNX_FILES_MAX, WEIGHTS_FILE_BYTES_MAX } from '#inference/constants.ts'
import { ENCODER_TEXT_FILES, isEncoder } from '#inference/embedding/encoder-files.ts'
import type { ModelManifest } from '#inference/model/manifest.ts'
import { byPath } from '#inference/model/manifest.ts'
import { GRAPH_FOLDER, TEXT_FILES, type TextFiles } from '#inference/model/read-model.ts'
import { ProtocolError } from '#protocol/errors.ts'
import { MODEL_PATH_CHARS_MAX } from './constants.ts'
import { pathRefused } from './errors.ts'

/** One plain name inside onnx/: no dots alone, no hidden file, nothing a file system reads otherwise. */
const GRAPH_FILE = /^onnx\/[A-Za-z0-9_][A-Za-z0-9._+-]*$/
/** Files that only people read. */
const PAPER = /^(?:README\.md|LICEN[CS]E(?:\.(?:md|txt))?|NOTICE(?:\.(?:md|txt))?|USE_POLICY\.md)$/

export function isPaper(path: string): boolean {
  return PAPER.test(path)
}

const SMALL_FILES: TextFiles = { ...TEXT_FILES, ...ENCODER_TEXT_FILES }
/** Every small file that a model of some kind has. */
export const SMALL_FILE_PATHS = Object.keys(SMALL_FILES)

/** A model that embeds is known by files that no chat model has. */
export function kindOfPaths(paths: Iterable<string>): 'chat' | 'embedding' {
  return isEncoder(paths) ? 'embedding' : 'chat'
}

/** The small files of a model with these paths. */
export function textFilesOf(paths: Iterable<string>): TextFiles {
  return isEncoder(paths) ? ENCODER_TEXT_FILES : TEXT_FILES
}

/** The small files that a client needs to count tokens, of a model of any kind. */
export function isTextFile(path: string): boolean {
  return Object.hasOwn(SMALL_FILES, path)
}

/** True for a file that belongs to a model's identity. */
export function isModelPath(path: string): boolean {
  return path.length <= MODEL_PATH_CHARS_MAX && (isTextFile(path) || GRAPH_FILE.test(path))
}

/** Most bytes that a file of this path may have. @throws ProtocolError MODEL_PATH_REFUSED */
export function sizeMaxOf(path: string): number {
  const text = isTextFile(path) ? SMALL_FILES[path] : undefined
  if (text !== undefined) return text.bytesMax
  if (isModelPath(path)) return WEIGHTS_FILE_BYTES_MAX
  throw pathRefused(path)
}

/**
 * What every manifest from outside must satisfy before one byte of it is fetched.
 * @throws ProtocolError MODEL_PATH_REFUSED, MODEL_MANIFEST_INVALID
 */
export function checkManifest(manifest: ModelManifest): void {
  let totalBytes = 0
  for (const [at, entry] of manifest.entries()) {
    if (entry.sizeBytes > sizeMaxOf(entry.path)) throw invalid(`${entry.path} is too large`)
    const before = manifest[at - 1]
    if (before !== undefined && byPath(before, entry) >= 0) throw invalid('its paths are unordered')
    totalBytes += entry.sizeBytes
  }
  if (totalBytes > MODEL_BYTES_MAX) throw invalid('the model is too large')
  const graphFiles = manifest.filter(({ path }) => path.startsWith(`${GRAPH_FOLDER}/`))
  if (graphFiles.length > ONNX_FILES_MAX) throw invalid('it has too many files')
  if (graphFiles.filter(({ path }) => path.endsWith('.onnx')).length !== 1) {
    throw invalid('it has not exactly one graph')
  }
  const paths = manifest.map(({ path }) => path)
  const texts = textFilesOf(paths)
  const missing = Object.keys(texts).find((path) => texts[path]?.required && !paths.includes(path))
  if (missing !== undefined) throw invalid(`it has no ${missing}`)
  // A file that its reader passes over would be in this root and in no other.
  const stray = paths.find((path) => isTextFile(path) && !Object.hasOwn(texts, path))
  if (stray !== undefined) throw invalid(`${stray} belongs to another kind of model`)
}

export function invalid(reason: string): ProtocolError {
  return new ProtocolError('MODEL_MANIFEST_INVALID', `a model's manifest is refused: ${reason}`, {
    remedy: 'Get the model from somewhere else.',
  })
}

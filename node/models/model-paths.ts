/** Which paths a model may have, so that nothing a stranger says leaves its folder. */

import { MODEL_BYTES_MAX, ONNX_FILES_MAX, WEIGHTS_FILE_BYTES_MAX } from '#inference/constants.ts'
import type { ModelManifest } from '#inference/model/manifest.ts'
import { byPath } from '#inference/model/manifest.ts'
import { GRAPH_FOLDER, TEXT_FILES } from '#inference/model/read-model.ts'
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

/** The small files that a client needs to count tokens. */
export function isTextFile(path: string): boolean {
  return Object.hasOwn(TEXT_FILES, path)
}

/** True for a file that belongs to a model's identity. */
export function isModelPath(path: string): boolean {
  return path.length <= MODEL_PATH_CHARS_MAX && (isTextFile(path) || GRAPH_FILE.test(path))
}

/** Most bytes that a file of this path may have. @throws ProtocolError MODEL_PATH_REFUSED */
export function sizeMaxOf(path: string): number {
  const text = isTextFile(path) ? TEXT_FILES[path] : undefined
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
  const missing = Object.entries(TEXT_FILES).find(
    ([path, { required }]) => required && !manifest.some((entry) => entry.path === path),
  )
  if (missing !== undefined) throw invalid(`it has no ${missing[0]}`)
}

export function invalid(reason: string): ProtocolError {
  return new ProtocolError('MODEL_MANIFEST_INVALID', `a model's manifest is refused: ${reason}`, {
    remedy: 'Get the model from somewhere else.',
  })
}

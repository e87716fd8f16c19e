/** Reads a model folder in the layout of the Hugging Face hub into memory, within limits. */
import { constants } from 'node:fs'
import { lstat, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { ConfigError } from '#protocol/errors.ts'
import {
  CONFIG_FILE_BYTES_MAX,
  FILE_READ_BYTES,
  MODEL_BYTES_MAX,
  ONNX_FILES_MAX,
  TOKENIZER_FILE_BYTES_MAX,
  WEIGHTS_FILE_BYTES_MAX,
} from '../constants.ts'
import { type ModelFiles, type ModelManifest, manifestOf, manifestRoot } from './manifest.ts'
import { type ModelConfig, parseModelConfig } from './model-config.ts'

/** By path: most bytes it may have, and whether a model must have it. */
export type TextFiles = Readonly<
  Record<string, { readonly bytesMax: number; readonly required: boolean }>
>

/** The small files: all that a client needs to count tokens. */
export const TEXT_FILES: TextFiles = {
  'config.json': { bytesMax: CONFIG_FILE_BYTES_MAX, required: true },
  'generation_config.json': { bytesMax: CONFIG_FILE_BYTES_MAX, required: false },
  'tokenizer.json': { bytesMax: TOKENIZER_FILE_BYTES_MAX, required: true },
  'tokenizer_config.json': { bytesMax: CONFIG_FILE_BYTES_MAX, required: true },
  'chat_template.jinja': { bytesMax: CONFIG_FILE_BYTES_MAX, required: false },
}

export const GRAPH_FOLDER = 'onnx'

export interface Model {
  readonly manifest: ModelManifest
  /** 32 bytes. */
  readonly root: Uint8Array
  readonly config: ModelConfig
  readonly files: ModelFiles
  /** The one .onnx file, for example "onnx/model.onnx". */
  readonly graphPath: string
}

/**
 * Reads and hashes every file of the model. Load the engine from `files`, never from the disk
 * again: what was hashed is then what runs, whatever the host does to its disk in between.
 * @throws ConfigError MODEL_FILE_MISSING, MODEL_FILE_REFUSED, MODEL_FILE_TOO_LARGE,
 *   MODEL_GRAPH_AMBIGUOUS, MODEL_FILE_INVALID
 */
export async function readModel(folder: string, crypto: CryptoPort): Promise<Model> {
  const files = new Map(await readTokenizerFiles(folder))
  const names = await graphFolderFiles(folder)
  const graphs = names.filter((name) => name.endsWith('.onnx'))
  const graph = graphs[0]
  if (graph === undefined) throw missing(`${GRAPH_FOLDER}/model.onnx`)
  if (graphs.length > 1) {
    throw new ConfigError('MODEL_GRAPH_AMBIGUOUS', `${graphs.length} .onnx files in one model`, {
      remedy: 'Keep one .onnx file in onnx/: each quantisation is a model of its own.',
    })
  }
  let bytesLeft = MODEL_BYTES_MAX
  for (const name of names) {
    const path = `${GRAPH_FOLDER}/${name}`
    const bytes = await readRegularFile(folder, path, Math.min(bytesLeft, WEIGHTS_FILE_BYTES_MAX))
    if (bytes === undefined) throw missing(path)
    bytesLeft -= bytes.length
    files.set(path, bytes)
  }
  const manifest = manifestOf(files, crypto)
  return {
    manifest,
    root: manifestRoot(manifest, crypto),
    config: parseModelConfig(files),
    files,
    graphPath: `${GRAPH_FOLDER}/${graph}`,
  }
}

/**
 * The files a tokenizer needs, without any weights.
 * @throws ConfigError MODEL_FILE_MISSING, MODEL_FILE_REFUSED, MODEL_FILE_TOO_LARGE
 */
export async function readTokenizerFiles(folder: string): Promise<ModelFiles> {
  const files = new Map<string, Uint8Array>()
  for (const [path, { bytesMax, required }] of Object.entries(TEXT_FILES)) {
    const bytes = await readRegularFile(folder, path, bytesMax)
    if (bytes !== undefined) files.set(path, bytes)
    else if (required) throw missing(path)
  }
  return files
}

/** Names in onnx/, sorted; a folder or link among them is refused when it is read. */
export async function graphFolderFiles(folder: string): Promise<string[]> {
  const path = join(folder, GRAPH_FOLDER)
  const stat = await lstat(path).catch(() => undefined)
  if (stat === undefined) throw missing(`${GRAPH_FOLDER}/model.onnx`)
  if (!stat.isDirectory()) throw refused(GRAPH_FOLDER, 'not a folder')
  const names = await readdir(path)
  if (names.length > ONNX_FILES_MAX) throw refused(GRAPH_FOLDER, 'too many files')
  return names.sort()
}

/** Undefined when there is no such file. O_NOFOLLOW refuses links; O_NONBLOCK never waits on pipes. */
export async function readRegularFile(
  folder: string,
  path: string,
  bytesMax: number,
): Promise<Uint8Array | undefined> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  let handle: Awaited<ReturnType<typeof open>>
  try {
    handle = await open(join(folder, path), flags)
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code
    if (code === 'ENOENT') return undefined
    throw refused(path, code === 'ELOOP' ? 'a symbolic link' : `not readable (${code})`)
  }
  try {
    const stat = await handle.stat()
    if (!stat.isFile()) throw refused(path, 'not a regular file')
    if (stat.size > bytesMax) throw tooLarge(path, bytesMax)
    return await readWhole(handle, path, stat.size)
  } finally {
    await handle.close()
  }
}

async function readWhole(
  handle: Awaited<ReturnType<typeof open>>,
  path: string,
  sizeBytes: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(sizeBytes)
  for (let at = 0; at < sizeBytes; ) {
    const length = Math.min(FILE_READ_BYTES, sizeBytes - at)
    const { bytesRead } = await handle.read(bytes, at, length, at)
    if (bytesRead === 0) throw refused(path, 'it shrank while it was read')
    at += bytesRead
  }
  return bytes
}

export function missing(path: string): ConfigError {
  return new ConfigError('MODEL_FILE_MISSING', `the model has no ${path}`, {
    remedy: 'Point to a folder with config.json, tokenizer.json and onnx/model.onnx.',
    data: { path },
  })
}

function refused(path: string, reason: string): ConfigError {
  return new ConfigError('MODEL_FILE_REFUSED', `${path} of the model is refused: ${reason}`, {
    remedy: 'Copy the model as plain files; links and special files are refused.',
    data: { path, reason },
  })
}

function tooLarge(path: string, bytesMax: number): ConfigError {
  return new ConfigError('MODEL_FILE_TOO_LARGE', `${path} of the model is too large`, {
    remedy: 'See docs/LIMITS.md for the largest file of each kind.',
    data: { path, bytesMax },
  })
}

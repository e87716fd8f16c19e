/** A sentence-embedding model in the layout of the Hugging Face hub (sentence-transformers). */
import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { ConfigError } from '#protocol/errors.ts'
import {
  CONFIG_FILE_BYTES_MAX,
  CONTEXT_TOKENS_MAX,
  MODEL_BYTES_MAX,
  TOKENIZER_FILE_BYTES_MAX,
  VOCABULARY_MAX,
  WEIGHTS_FILE_BYTES_MAX,
} from '../constants.ts'
import { type ModelFiles, type ModelManifest, manifestOf, manifestRoot } from '../model/manifest.ts'
import { parseJsonFile } from '../model/model-config.ts'
import { graphFolderFiles, missing, readRegularFile, type TextFiles } from '../model/read-model.ts'
import type { Pooling } from './pooling.ts'

/** The small files: all that a client needs to count tokens. Value: most bytes it may have. */
export const ENCODER_TEXT_FILES: TextFiles = {
  'config.json': { bytesMax: CONFIG_FILE_BYTES_MAX, required: true },
  'tokenizer.json': { bytesMax: TOKENIZER_FILE_BYTES_MAX, required: true },
  'tokenizer_config.json': { bytesMax: CONFIG_FILE_BYTES_MAX, required: false },
  'modules.json': { bytesMax: CONFIG_FILE_BYTES_MAX, required: false },
  'sentence_bert_config.json': { bytesMax: CONFIG_FILE_BYTES_MAX, required: false },
  '1_Pooling/config.json': { bytesMax: CONFIG_FILE_BYTES_MAX, required: false },
}

export interface EncoderConfig {
  readonly vocabularySize: number
  /** Most ids of one text, special tokens included. */
  readonly contextTokens: number
  /** Numbers of a vector; undefined: the files do not say. */
  readonly dimensions: number | undefined
  readonly pooling: Pooling
  readonly isNormalised: boolean
}

export interface EncoderModel {
  readonly manifest: ModelManifest
  readonly files: ModelFiles
  /** 32 bytes. */
  readonly root: Uint8Array
  readonly graphPath: string
  readonly config: EncoderConfig
}

/**
 * Reads and hashes every file. The root is made as that of a decoder (docs/spec/exactness.md).
 * @throws ConfigError MODEL_FILE_MISSING, MODEL_FILE_REFUSED, MODEL_FILE_TOO_LARGE, MODEL_FILE_INVALID,
 *   MODEL_GRAPH_AMBIGUOUS, MODEL_POOLING_UNSUPPORTED
 */
export async function readEncoder(folder: string, crypto: CryptoPort): Promise<EncoderModel> {
  const files = new Map<string, Uint8Array>()
  await refuseLinkedFolder(folder, '1_Pooling')
  for (const [path, { bytesMax, required }] of Object.entries(ENCODER_TEXT_FILES)) {
    const bytes = await readRegularFile(folder, path, bytesMax)
    if (bytes !== undefined) files.set(path, bytes)
    else if (required) throw missing(path)
  }
  const names = await graphFolderFiles(folder)
  const [graph, ...others] = names.filter((name) => name.endsWith('.onnx'))
  if (graph === undefined) throw missing('onnx/model.onnx')
  if (others.length > 0) {
    throw new ConfigError('MODEL_GRAPH_AMBIGUOUS', 'several .onnx files in one model', {
      remedy: 'Keep one .onnx file in onnx/: each quantisation is a model of its own.',
    })
  }
  let bytesLeft = MODEL_BYTES_MAX
  for (const name of names) {
    const path = `onnx/${name}`
    const bytes = await readRegularFile(folder, path, Math.min(bytesLeft, WEIGHTS_FILE_BYTES_MAX))
    if (bytes === undefined) throw missing(path)
    bytesLeft -= bytes.length
    files.set(path, bytes)
  }
  const manifest = manifestOf(files, crypto)
  const root = manifestRoot(manifest, crypto)
  return { manifest, files, root, graphPath: `onnx/${graph}`, config: parseEncoderConfig(files) }
}

/** Files of sentence-transformers that no decoder has. */
const ENCODER_MARKS = ['modules.json', 'sentence_bert_config.json', '1_Pooling/config.json']

/** Whether files are those of a sentence-embedding model, by their paths. */
export function isEncoder(paths: Iterable<string>): boolean {
  return [...paths].some((path) => ENCODER_MARKS.includes(path))
}

/** Whether a folder is a sentence-embedding model, by the names of its files: the engine reads them. */
export async function isEncoderFolder(folder: string): Promise<boolean> {
  const found = ENCODER_MARKS.map((path) => lstat(join(folder, path)).catch(() => undefined))
  return (await Promise.all(found)).some((stat) => stat !== undefined)
}

/** A folder inside of the model must not lead out of it. */
async function refuseLinkedFolder(folder: string, path: string): Promise<void> {
  const stat = await lstat(join(folder, path)).catch(() => undefined)
  if (stat === undefined || stat.isDirectory()) return
  throw new ConfigError('MODEL_FILE_REFUSED', `${path} of the model is refused: not a folder`, {
    remedy: 'Copy the model as plain files; links and special files are refused.',
    data: { path },
  })
}

const Config = z.object({
  vocab_size: z.int().min(2).max(VOCABULARY_MAX),
  max_position_embeddings: z.int().min(2).max(CONTEXT_TOKENS_MAX),
  hidden_size: z.int().min(1).optional(),
})
const SentenceConfig = z.object({
  max_seq_length: z.int().min(2).max(CONTEXT_TOKENS_MAX).nullish(),
})
const Modules = z.array(z.object({ type: z.string().max(256) })).max(16)
const PoolingConfig = z.looseObject({
  pooling_mode_cls_token: z.boolean().default(false),
  pooling_mode_mean_tokens: z.boolean().default(false),
  pooling_mode_max_tokens: z.boolean().default(false),
})
const MODULE_KINDS = new Set(['Transformer', 'Pooling', 'Normalize'])

/**
 * From the small files alone.
 * @throws ConfigError MODEL_FILE_MISSING, MODEL_FILE_INVALID, MODEL_POOLING_UNSUPPORTED
 */
export function parseEncoderConfig(files: ModelFiles): EncoderConfig {
  const config = parseJsonFile(files, 'config.json', Config)
  const sentence = files.has('sentence_bert_config.json')
    ? parseJsonFile(files, 'sentence_bert_config.json', SentenceConfig)
    : {}
  const modules = files.has('modules.json') ? parseJsonFile(files, 'modules.json', Modules) : []
  const kinds = modules.map(({ type }) => type.split('.').at(-1) ?? '')
  const unknown = kinds.find((kind) => !MODULE_KINDS.has(kind))
  if (unknown !== undefined) throw poolingUnsupported(`module ${unknown.slice(0, 64)}`)
  return {
    vocabularySize: config.vocab_size,
    contextTokens: Math.min(config.max_position_embeddings, sentence.max_seq_length ?? Infinity),
    dimensions: config.hidden_size,
    pooling: parsePooling(files),
    isNormalised: kinds.includes('Normalize'),
  }
}

/** Without a file that says it, the mean: the default of sentence-transformers. */
function parsePooling(files: ModelFiles): Pooling {
  const path = '1_Pooling/config.json'
  if (!files.has(path)) return 'mean'
  const modes = Object.entries(parseJsonFile(files, path, PoolingConfig))
    .filter(([name, value]) => name.startsWith('pooling_mode_') && value === true)
    .map(([name]) => name)
  if (modes.length !== 1) throw poolingUnsupported(`${modes.length} ways at once`)
  if (modes[0] === 'pooling_mode_mean_tokens') return 'mean'
  if (modes[0] === 'pooling_mode_cls_token') return 'cls'
  if (modes[0] === 'pooling_mode_max_tokens') return 'max'
  throw poolingUnsupported('another way')
}

function poolingUnsupported(reason: string): ConfigError {
  return new ConfigError('MODEL_POOLING_UNSUPPORTED', `the pooling is unsupported: ${reason}`, {
    remedy: 'Use a model that pools by mean, maximum or its first token.',
    data: { reason },
  })
}

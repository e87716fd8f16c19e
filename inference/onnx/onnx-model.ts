/** A decoder on onnxruntime-node's CPU provider. Its calls block this process: see engine-child.ts. */
import { basename } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { ConfigError, UnavailableError } from '#protocol/errors.ts'
import type { TokenModel } from '../decoding/generation.ts'
import type { Model } from '../model/read-model.ts'
import { checkExternalData } from './external-data.ts'
import { type GraphSignature, readSignature } from './graph-signature.ts'
import { SESSION_OPTIONS } from './runtime.ts'

/** The tensors that came out of the last call go into the next one. */
export interface KeyValueCache {
  readonly tokens: number
  readonly tensors: readonly Tensor[]
}

/** Errors only: onnxruntime's warnings about a graph help nobody at run time. */
const LOG_ERRORS_ONLY = 3

/**
 * Opens the graph from the bytes that were hashed; external data comes from memory too.
 * @throws ConfigError MODEL_GRAPH_INVALID and those of readSignature
 */
export async function openOnnxModel(
  model: Model,
  threads: number,
): Promise<TokenModel<KeyValueCache> & { readonly cacheBytesPerToken: number }> {
  const graph = model.files.get(model.graphPath) ?? new Uint8Array()
  const externalData = [...model.files]
    .filter(([path]) => path.startsWith('onnx/') && path !== model.graphPath)
    .map(([path, data]) => ({ path: basename(path), data }))
  checkExternalData(graph, new Set(externalData.map(({ path }) => path)))
  let session: InferenceSession
  try {
    session = await InferenceSession.create(graph, {
      ...SESSION_OPTIONS,
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: LOG_ERRORS_ONLY,
      ...(externalData.length > 0 ? { externalData } : {}),
    })
  } catch (thrown) {
    throw graphInvalid('onnxruntime refuses it', thrown)
  }
  const signature = readSignature(session.inputMetadata, session.outputMetadata)
  const opened = {
    vocabularySize: model.config.vocabularySize,
    contextTokens: model.config.contextTokens,
    cacheBytesPerToken: cacheBytesPerToken(signature),
    emptyCache: () => emptyCache(signature),
    read: (cache: KeyValueCache, ids: readonly number[]) =>
      readIds(session, signature, model.config.vocabularySize, cache, ids),
  }
  await probe(opened)
  return opened
}

/** A prefill and a decode step: what does not fit fails here and not at a customer's prompt. */
async function probe(model: TokenModel<KeyValueCache>): Promise<void> {
  try {
    const { cache } = await model.read(model.emptyCache(), [0, 1])
    await model.read(cache, [0])
  } catch (thrown) {
    throw graphInvalid('a trial run fails', thrown)
  }
}

function emptyCache(signature: GraphSignature): KeyValueCache {
  const tensors = signature.cache.map(
    ({ heads, headSize }) => new Tensor('float32', new Float32Array(0), [1, heads, 0, headSize]),
  )
  return { tokens: 0, tensors }
}

async function readIds(
  session: InferenceSession,
  signature: GraphSignature,
  vocabularySize: number,
  cache: KeyValueCache,
  ids: readonly number[],
): Promise<{ logits: Float32Array; cache: KeyValueCache }> {
  const total = cache.tokens + ids.length
  const feeds: Record<string, Tensor> = { input_ids: int64Row(ids) }
  if (signature.hasAttentionMask) feeds['attention_mask'] = int64Row(new Array(total).fill(1))
  if (signature.hasPositionIds) {
    feeds['position_ids'] = int64Row(ids.map((_, at) => cache.tokens + at))
  }
  for (const [at, { input }] of signature.cache.entries()) {
    const tensor = cache.tensors[at]
    if (tensor !== undefined) feeds[input] = tensor
  }
  const outputs = await session.run(feeds).catch((cause) => {
    throw runFailed(cause)
  })
  const tensors = signature.cache.map(({ output, heads, headSize }) =>
    checkShape(outputs[output], [1, heads, total, headSize]),
  )
  return { logits: lastRow(outputs['logits'], vocabularySize), cache: { tokens: total, tensors } }
}

function int64Row(values: readonly number[]): Tensor {
  return new Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length])
}

/** Graphs return logits of every position, or only of the last one. */
function lastRow(logits: Tensor | undefined, vocabularySize: number): Float32Array {
  const rows = logits?.dims[1] ?? 0
  checkShape(logits, [1, Math.max(1, rows), vocabularySize])
  const data = logits?.data
  if (!(data instanceof Float32Array)) throw outputInvalid()
  return data.subarray((rows - 1) * vocabularySize, rows * vocabularySize)
}

function checkShape(tensor: Tensor | undefined, dims: readonly number[]): Tensor {
  const fits =
    tensor !== undefined &&
    tensor.type === 'float32' &&
    tensor.dims.length === dims.length &&
    dims.every((size, at) => tensor.dims[at] === size)
  if (!fits) throw outputInvalid()
  return tensor
}

function outputInvalid(): UnavailableError {
  return new UnavailableError('MODEL_OUTPUT_INVALID', 'an output of the graph has a wrong shape', {
    remedy: 'Export the model again; config.json and graph must agree.',
  })
}

/** The library's words may name tensors, never contents; still they stay in the cause. */
function runFailed(cause: unknown): UnavailableError {
  return new UnavailableError('MODEL_RUN_FAILED', 'onnxruntime could not run the graph', {
    remedy: 'Try again; if it lasts, raise the memory limit or export the model again.',
    cause,
  })
}

function graphInvalid(reason: string, cause: unknown): ConfigError {
  return new ConfigError('MODEL_GRAPH_INVALID', `the ONNX graph is invalid: ${reason}`, {
    remedy: 'Fetch the model again, or export it again.',
    data: { reason },
    cause,
  })
}

function cacheBytesPerToken(signature: GraphSignature): number {
  const floats = signature.cache.reduce((sum, { heads, headSize }) => sum + heads * headSize, 0)
  return floats * Float32Array.BYTES_PER_ELEMENT
}

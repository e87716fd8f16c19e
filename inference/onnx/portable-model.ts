/** The portable backend: onnxruntime-node's JavaScript API. Its calls block: see engine-child.ts. */
import { InferenceSession, Tensor } from 'onnxruntime-node'
import type { OpenedCache, TokenModel } from '../decoding/token-model.ts'
import type { Model } from '../model/read-model.ts'
import { graphInvalid, outputInvalid, runFailed } from './graph-errors.ts'
import type { CacheTensor, GraphSignature } from './graph-signature.ts'
import { SESSION_OPTIONS } from './runtime.ts'
import type { PreparedGraph } from './surgery/prepare-graph.ts'

/** The tensors that came out of the last call go into the next one. */
export interface PortableCache {
  tokens: number
  tensors: readonly Tensor[]
}

/** Errors only: onnxruntime's warnings about a graph help nobody at run time. */
const LOG_ERRORS_ONLY = 3

/**
 * Opens the graph from the bytes that were hashed; external data comes from memory too.
 * @throws ConfigError MODEL_GRAPH_INVALID
 */
export async function openPortableModel(
  prepared: PreparedGraph,
  config: Model['config'],
  threads: number,
): Promise<TokenModel<PortableCache>> {
  const session = await createSession(prepared, threads)
  const opened = new PortableModel(session, prepared.signature, config)
  await probe(opened)
  return opened
}

/** @throws ConfigError MODEL_GRAPH_INVALID when onnxruntime refuses the graph */
export async function createSession(
  { graph, externalFiles }: Omit<PreparedGraph, 'signature'>,
  threads: number,
): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(graph, {
      ...SESSION_OPTIONS,
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: LOG_ERRORS_ONLY,
      ...(externalFiles.length > 0 ? { externalData: [...externalFiles] } : {}),
    })
  } catch (thrown) {
    throw graphInvalid('onnxruntime refuses it', thrown)
  }
}

/** A prefill and a decode step: what does not fit fails here and not at a customer's prompt. */
async function probe(model: TokenModel<PortableCache>): Promise<void> {
  try {
    const { cache } = model.openCache()
    await model.read(cache, [0, 1])
    await model.decode([{ cache, id: 0 }])
  } catch (thrown) {
    throw graphInvalid('a trial run fails', thrown)
  }
}

class PortableModel implements TokenModel<PortableCache> {
  readonly #session: InferenceSession
  readonly #signature: GraphSignature
  readonly vocabularySize: number
  readonly contextTokens: number

  constructor(session: InferenceSession, signature: GraphSignature, config: Model['config']) {
    this.#session = session
    this.#signature = signature
    this.vocabularySize = config.vocabularySize
    this.contextTokens = config.contextTokens
  }

  /** Keeps nothing between requests: that would copy whole caches. */
  openCache(): OpenedCache<PortableCache> {
    const tensors = this.#signature.cache.map(emptyCache)
    return { cache: { tokens: 0, tensors }, cachedTokens: 0 }
  }

  closeCache(cache: PortableCache): void {
    cache.tensors = []
  }

  async decode(rows: readonly { cache: PortableCache; id: number }[]): Promise<Float32Array[]> {
    const logits: Float32Array[] = []
    // Each call returns tensors of its own, so earlier rows stay valid.
    for (const { cache, id } of rows) logits.push(await this.read(cache, [id]))
    return logits
  }

  async read(cache: PortableCache, ids: readonly number[]): Promise<Float32Array> {
    const total = cache.tokens + ids.length
    const outputs = await this.#session.run(this.#feeds(cache, ids, total)).catch((cause) => {
      throw runFailed(cause)
    })
    const tensors = this.#signature.cache.map(({ output, heads, headSize, type }) =>
      asInput(checkShape(outputs[output], type, [1, heads, total, headSize])),
    )
    const logits = lastRow(outputs[this.#signature.logits.name], this.vocabularySize)
    cache.tokens = total
    cache.tensors = tensors
    return logits
  }

  #feeds(cache: PortableCache, ids: readonly number[], total: number): Record<string, Tensor> {
    const feeds: Record<string, Tensor> = { input_ids: int64Row(ids) }
    if (this.#signature.hasAttentionMask) {
      feeds['attention_mask'] = int64Row(new Array(total).fill(1))
    }
    if (this.#signature.hasPositionIds) {
      feeds['position_ids'] = int64Row(ids.map((_, at) => cache.tokens + at))
    }
    const count = this.#signature.logitsCount
    if (count !== undefined) {
      const shape = count.rank === 0 ? [] : [1]
      feeds[count.name] = new Tensor('int64', BigInt64Array.of(BigInt(ids.length)), shape)
    }
    for (const [at, { input }] of this.#signature.cache.entries()) {
      const tensor = cache.tensors[at]
      if (tensor !== undefined) feeds[input] = tensor
    }
    return feeds
  }
}

function emptyCache({ heads, headSize, type }: CacheTensor): Tensor {
  const shape = [1, heads, 0, headSize]
  if (type === 'float32') return new Tensor(type, new Float32Array(0), shape)
  return asInput(new Tensor(type, new Uint16Array(0), shape))
}

/**
 * A tensor that came out, as one that may go in. Tensors of float16 hold a Float16Array, which Node-API does
 * not know and takes for an empty one: the library is handed the same bits as a Uint16Array.
 */
function asInput(tensor: Tensor): Tensor {
  if (tensor.type !== 'float16') return tensor
  const { buffer, byteOffset, length } = tensor.data as Uint16Array
  return Object.defineProperty(tensor, 'data', {
    value: new Uint16Array(buffer, byteOffset, length),
  })
}

function int64Row(values: readonly number[]): Tensor {
  return new Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length])
}

/** Graphs return logits of every position, or only of the last one. */
function lastRow(logits: Tensor | undefined, vocabularySize: number): Float32Array {
  const rows = logits?.dims[1] ?? 0
  checkShape(logits, 'float32', [1, Math.max(1, rows), vocabularySize])
  const data = logits?.data
  if (!(data instanceof Float32Array)) throw outputInvalid()
  return data.subarray((rows - 1) * vocabularySize, rows * vocabularySize)
}

function checkShape(
  tensor: Tensor | undefined,
  type: CacheTensor['type'],
  dims: readonly number[],
): Tensor {
  const fits =
    tensor !== undefined &&
    tensor.type === type &&
    tensor.dims.length === dims.length &&
    dims.every((size, at) => tensor.dims[at] === size)
  if (!fits) throw outputInvalid()
  return tensor
}

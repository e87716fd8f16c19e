/**
 * The portable backend: onnxruntime-node's JavaScript API. Its calls block: see process/engine-child.ts. On `webgpu` the
 * caches stay on the device, and only ids, masks and logits cross. On `cuda` this API has no tensors of the
 * device: whole caches cross with every call. Rows are decoded one call each, whatever the device.
 */
import { InferenceSession, Tensor } from 'onnxruntime-node'
import type { OpenedCache, TokenModel } from '../decoding/token-model.ts'
import type { Model } from '../model/read-model.ts'
import { DeviceCaches } from './device/caches.ts'
import { type Device, deviceRefusesModel } from './device/device.ts'
import { tryDevice } from './device/trial.ts'
import { graphInvalid, outputInvalid, runFailed } from './graph/errors.ts'
import type { CacheTensor, GraphSignature } from './graph/signature.ts'
import { pieceTokensWithin } from './piece-size.ts'
import { sessionOptions } from './runtime.ts'
import type { PreparedGraph } from './surgery/prepare-graph.ts'

/** The tensors that came out of the last call go into the next one. */
export interface PortableCache {
  tokens: number
  tensors: readonly Tensor[]
}

export interface PortableOptions {
  readonly threads: number
  readonly device: Device
}

/** Errors only: onnxruntime's warnings about a graph help nobody at run time. */
const LOG_ERRORS_ONLY = 3
/**
 * Ids of one call on `webgpu`. Of 32, logits come out wrong by half their deviation with onnxruntime 1.30.0
 * on a software Vulkan (test/inference/webgpu.test.ts); up to 16 they are the cpu's.
 */
const WEBGPU_PIECE_TOKENS = 16
/** onnxruntime's word for a tensor of the device. */
const GPU = 'gpu-buffer'

/**
 * Opens the graph from the bytes that were hashed; external data comes from memory too.
 * @throws ConfigError MODEL_GRAPH_INVALID, DEVICE_UNAVAILABLE, DEVICE_REFUSES_MODEL
 */
export async function openPortableModel(
  prepared: PreparedGraph,
  config: Model['config'],
  options: PortableOptions,
): Promise<TokenModel<PortableCache>> {
  const { device, threads } = options
  if (device !== 'cpu') await tryDevice(device)
  const { signature } = prepared
  const outputs = device === 'webgpu' ? signature.cache.map(({ output }) => output) : []
  const session = await createSession(prepared, threads, device, outputs)
  if (device === 'webgpu') {
    const opened = new PortableModel(session, signature, config, {
      hasFixedCaches: true,
      pieceTokens: WEBGPU_PIECE_TOKENS,
    })
    // Of a graph that joins past and present itself caches grow, on the device too.
    const keepsShapes = await probe(opened).then(
      () => true,
      () => false,
    )
    if (keepsShapes) return opened
  }
  const opened = new PortableModel(session, signature, config, {
    pieceTokens:
      device === 'webgpu'
        ? WEBGPU_PIECE_TOKENS
        : pieceTokensWithin(prepared.heads, config.contextTokens),
  })
  await probe(opened).catch((thrown) => {
    if (device !== 'cpu') throw deviceRefusesModel(device, thrown)
    throw graphInvalid('a trial run fails', thrown)
  })
  return opened
}

/**
 * @param onDevice names of outputs that stay on the device
 * @throws ConfigError MODEL_GRAPH_INVALID when onnxruntime refuses the graph
 */
export async function createSession(
  { graph, externalFiles }: Pick<PreparedGraph, 'graph' | 'externalFiles'>,
  threads: number,
  device: Device = 'cpu',
  onDevice: readonly string[] = [],
): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(graph, {
      ...sessionOptions(device),
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: LOG_ERRORS_ONLY,
      ...(externalFiles.length > 0 ? { externalData: [...externalFiles] } : {}),
      ...(onDevice.length > 0
        ? { preferredOutputLocation: Object.fromEntries(onDevice.map((name) => [name, GPU])) }
        : {}),
    })
  } catch (thrown) {
    throw graphInvalid('onnxruntime refuses it', thrown)
  }
}

/** A prefill and a decode step: what does not fit fails here and not at a customer's prompt. */
async function probe(model: TokenModel<PortableCache>): Promise<void> {
  const { cache } = model.openCache()
  try {
    await model.read(cache, [0, 1])
    await model.decode([{ cache, id: 0 }])
  } finally {
    model.closeCache(cache)
  }
}

/** Whoever made the session gives it back. */
export class PortableModel implements TokenModel<PortableCache> {
  readonly #session: InferenceSession
  readonly #signature: GraphSignature
  readonly pieceTokens: number | undefined
  readonly #deviceCaches: DeviceCaches | undefined
  readonly vocabularySize: number
  readonly contextTokens: number

  /** @param hasFixedCaches their shape stays the same; otherwise they grow with every call */
  constructor(
    session: InferenceSession,
    signature: GraphSignature,
    config: Model['config'],
    {
      hasFixedCaches = false,
      pieceTokens,
    }: { hasFixedCaches?: boolean; pieceTokens?: number | undefined } = {},
  ) {
    this.#session = session
    this.pieceTokens = pieceTokens
    if (hasFixedCaches) this.#deviceCaches = new DeviceCaches(signature.cache, config.contextTokens)
    this.#signature = signature
    this.vocabularySize = config.vocabularySize
    this.contextTokens = config.contextTokens
  }

  /** Keeps nothing between requests: that would copy whole caches. */
  openCache(): OpenedCache<PortableCache> {
    const tensors = this.#deviceCaches?.take() ?? this.#signature.cache.map(emptyCache)
    return { cache: { tokens: 0, tensors }, cachedTokens: 0 }
  }

  closeCache(cache: PortableCache): void {
    if (this.#deviceCaches === undefined) releaseAll(cache.tensors)
    else this.#deviceCaches.giveBack(cache.tensors)
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
    const logits = lastRow(outputs[this.#signature.logits.name], this.vocabularySize)
    const tensors = this.#signature.cache.map((entry) => {
      const { heads, headSize, type } = entry
      const shape = this.#deviceCaches?.shapeOf(entry) ?? [1, heads, total, headSize]
      return asInput(checkShape(outputs[entry.output], type, shape))
    })
    releaseAll(cache.tensors)
    cache.tensors = tensors
    cache.tokens = total
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

/** Memory of a device is given back by name: no garbage collector sees how much it is. */
function releaseAll(tensors: readonly Tensor[]): void {
  for (const tensor of tensors) if (tensor.location === GPU) tensor.dispose()
}

function emptyCache({ heads, headSize, type }: CacheTensor): Tensor {
  const shape = [1, heads, 0, headSize]
  if (type === 'float32') return new Tensor(type, new Float32Array(0), shape)
  if (type === 'int8') return new Tensor(type, new Int8Array(0), shape)
  return asInput(new Tensor(type, new Uint16Array(0), shape))
}

/**
 * A tensor that came out, as one that may go in. Tensors of float16 hold a Float16Array, which Node-API does
 * not know and takes for an empty one: the library is handed the same bits as a Uint16Array.
 */
function asInput(tensor: Tensor): Tensor {
  if (tensor.type !== 'float16' || tensor.location !== 'cpu') return tensor
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

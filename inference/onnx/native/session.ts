/** An ONNX Runtime session and its tensors over memory that JavaScript owns. */
import type { ExternalFile } from '../surgery/prepare-graph.ts'
import { check, created, ELEMENT, type Handle, type OrtApi } from './ort-api.ts'

/** Float16 elements lie in a Uint16Array: nothing here calculates with them. */
export type CacheElements = Float32Array | Uint16Array
type Elements = CacheElements | BigInt64Array

export interface NativeTensor<Data extends Elements = Elements> {
  readonly data: Data
  /** Of the OrtValue: read once, since every step names every tensor of the cache. */
  readonly address: bigint
  release(): void
}

/** Names of what goes in and out, as tables of C strings. */
export interface CallSignature {
  readonly inputNames: BigUint64Array
  readonly outputNames: BigUint64Array
}

export interface NativeCall {
  readonly signature: CallSignature
  /** Addresses of tensors, in the order of the names. */
  readonly inputs: BigUint64Array
  readonly outputs: BigUint64Array
  /** Of all rows together; only to be looked at. */
  readonly idsTotal: number
}

/** Of an ArrayBuffer, so that it does not move while the library reads it. */
export function pointerTable(length: number): BigUint64Array {
  return new BigUint64Array(new ArrayBuffer(8 * length))
}

/** OrtLoggingLevel: errors. */
const LOG_ERRORS_ONLY = 3
/** GraphOptimizationLevel ORT_ENABLE_ALL, ExecutionMode ORT_SEQUENTIAL: as runtime.ts names them. */
const OPTIMISE_ALL = 99
const SEQUENTIAL = 0
/** OrtDeviceAllocator is 0, OrtArenaAllocator 1; OrtMemTypeDefault is 0. */
const ARENA_ALLOCATOR = 1
const DEFAULT_MEMORY = 0

export class NativeSession {
  readonly #api: OrtApi
  readonly #session: Handle
  readonly #memory: Handle
  readonly #names = new Map<string, { bytes: Uint8Array; address: bigint }>()

  /**
   * `externalFiles`: weights beside the graph, which are never looked for on the disk.
   * @throws Error when the library refuses the graph
   */
  constructor(
    api: OrtApi,
    graph: Uint8Array,
    threads: number,
    externalFiles: readonly ExternalFile[],
  ) {
    this.#api = api
    const environment = created(api, api.createEnv, LOG_ERRORS_ONLY, 'cocoon')
    const options = created(api, api.createSessionOptions)
    check(api, api.setSessionGraphOptimizationLevel(options, OPTIMISE_ALL))
    check(api, api.setSessionExecutionMode(options, SEQUENTIAL))
    check(api, api.setIntraOpNumThreads(options, threads))
    check(api, api.setInterOpNumThreads(options, 1))
    this.#addFiles(options, externalFiles)
    const bytes = graph.byteLength
    this.#session = created(api, api.createSessionFromArray, environment, graph, bytes, options)
    this.#memory = created(api, api.createCpuMemoryInfo, ARENA_ALLOCATOR, DEFAULT_MEMORY)
  }

  /** The library copies what it takes from them while the session is created. */
  #addFiles(options: Handle, files: readonly ExternalFile[]): void {
    if (files.length === 0) return
    const api = this.#api
    const names = pointerTable(files.length)
    const buffers = pointerTable(files.length)
    const lengths = pointerTable(files.length)
    for (const [at, { path, data }] of files.entries()) {
      names[at] = this.#nameOf(path)
      buffers[at] = api.addressOfBytes(data)
      lengths[at] = BigInt(data.byteLength)
    }
    const add = api.addExternalInitializersFromFilesInMemory
    check(api, add(options, names, buffers, lengths, files.length))
  }

  /** Over memory of the caller, which lies outside of the heap. */
  int64(data: BigInt64Array, shape: readonly number[]): NativeTensor<BigInt64Array> {
    return this.#tensor(data, shape, ELEMENT.int64)
  }

  /** A tensor of zeros. */
  float32(shape: readonly number[]): NativeTensor<Float32Array> {
    const size = shape.reduce((product, dimension) => product * dimension, 1)
    return this.#tensor(new Float32Array(new ArrayBuffer(4 * size)), shape, ELEMENT.float32)
  }

  /** For names that stay the same from call to call, in the order in which a call brings its tensors. */
  signature(inputs: readonly string[], outputs: readonly string[]): CallSignature {
    return { inputNames: this.#nameTable(inputs), outputNames: this.#nameTable(outputs) }
  }

  /**
   * Runs the graph on another thread; tensors must stay alive and unchanged until it is done.
   * @throws Error when the graph fails, or the signal aborted
   */
  async run(call: NativeCall, signal?: AbortSignal): Promise<void> {
    const api = this.#api
    if (signal === undefined) return check(api, await this.#runAsync(null, call))
    const options = created(api, api.createRunOptions)
    const terminate = () => check(api, api.runOptionsSetTerminate(options))
    if (signal.aborted) terminate()
    signal.addEventListener('abort', terminate, { once: true })
    try {
      check(api, await this.#runAsync(options, call))
    } finally {
      signal.removeEventListener('abort', terminate)
      api.releaseRunOptions(options)
    }
  }

  #runAsync(options: Handle | null, call: NativeCall): Promise<unknown> {
    const { inputNames, outputNames } = call.signature
    return new Promise((resolve, reject) => {
      this.#api.run.async(
        this.#session,
        options,
        inputNames,
        call.inputs,
        inputNames.length,
        outputNames,
        outputNames.length,
        call.outputs,
        // The call is named here, so that its tables live as long as it runs.
        (error: unknown, result: unknown) => (error ? reject(error) : resolve([result, call][0])),
      )
    })
  }

  /** Over memory of the caller. */
  tensor(shape: readonly number[], data: CacheElements): NativeTensor<CacheElements> {
    const type = data instanceof Uint16Array ? ELEMENT.float16 : ELEMENT.float32
    return this.#tensor(data, shape, type)
  }

  #tensor<Data extends Elements>(
    data: Data,
    shape: readonly number[],
    type: number,
  ): NativeTensor<Data> {
    const api = this.#api
    const dims = new BigInt64Array(new ArrayBuffer(8 * shape.length))
    for (const [at, dimension] of shape.entries()) dims[at] = BigInt(dimension)
    const { byteLength } = data
    const create = api.createTensorWithData
    const rank = shape.length
    const handle = created(api, create, this.#memory, data, byteLength, dims, rank, type)
    const address = api.address(handle)
    return { data, address, release: () => void api.releaseValue(handle) }
  }

  #nameTable(names: readonly string[]): BigUint64Array {
    const table = pointerTable(names.length)
    for (const [at, name] of names.entries()) table[at] = this.#nameOf(name)
    return table
  }

  /** The address of the name as a C string that lives as long as the session. */
  #nameOf(name: string): bigint {
    const known = this.#names.get(name)
    if (known !== undefined) return known.address
    const encoded = new TextEncoder().encode(`${name}\0`)
    const bytes = new Uint8Array(new ArrayBuffer(encoded.length))
    bytes.set(encoded)
    const made = { bytes, address: this.#api.addressOfBytes(bytes) }
    this.#names.set(name, made)
    return made.address
  }
}

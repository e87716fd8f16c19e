/** An ONNX Runtime session and its tensors over memory that JavaScript owns. */
import type { ExternalFile } from '../surgery/prepare-graph.ts'
import { DeviceMemory, type DeviceMemoryName } from './device-memory.ts'
import { check, created, type Handle, type OrtApi } from './ort-api.ts'
import {
  ALLOCATOR,
  DEFAULT_MEMORY,
  ELEMENT,
  LOG_ERRORS_ONLY,
  OPTIMISE_ALL,
  SEQUENTIAL,
} from './ort-enums.ts'
import { createValue, NativeStrings, type NativeValue, pointerTable } from './value.ts'

/** Float16 elements lie in a Uint16Array: nothing here calculates with them. */
export type CacheElements = Float32Array | Uint16Array | Int8Array
type Elements = CacheElements | BigInt64Array | Uint8Array

export interface NativeTensor<Data extends Elements = Elements> extends NativeValue {
  readonly data: Data
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

/**
 * Adds an execution provider to the options of a session.
 * @throws Error when its library or its device cannot be used
 */
export type SessionProvider = (options: Handle) => void

export interface SessionSetup {
  readonly threads: number
  /** Weights beside the graph, which are never looked for on the disk. */
  readonly externalFiles?: readonly ExternalFile[]
  /** What computes before the processor does; absent: the processor does all. */
  readonly provider?: SessionProvider | undefined
}

export class NativeSession {
  readonly #api: OrtApi
  readonly #session: Handle
  readonly #memory: Handle
  readonly #names: NativeStrings

  /** @throws Error when the library refuses the graph, or the provider what it needs */
  constructor(api: OrtApi, graph: Uint8Array, setup: SessionSetup) {
    this.#api = api
    this.#names = new NativeStrings(api)
    const environment = created(api, api.createEnv, LOG_ERRORS_ONLY, 'cocoon')
    const options = created(api, api.createSessionOptions)
    try {
      this.#configure(options, setup)
      const bytes = graph.byteLength
      this.#session = created(api, api.createSessionFromArray, environment, graph, bytes, options)
    } finally {
      api.releaseSessionOptions(options)
    }
    this.#memory = created(api, api.createCpuMemoryInfo, ALLOCATOR.arena, DEFAULT_MEMORY)
  }

  #configure(options: Handle, { threads, externalFiles = [], provider }: SessionSetup): void {
    const api = this.#api
    check(api, api.setSessionGraphOptimizationLevel(options, OPTIMISE_ALL))
    check(api, api.setSessionExecutionMode(options, SEQUENTIAL))
    check(api, api.setIntraOpNumThreads(options, threads))
    check(api, api.setInterOpNumThreads(options, 1))
    this.#addFiles(options, externalFiles)
    provider?.(options)
  }

  /** The library copies what it takes from them while the session is created. */
  #addFiles(options: Handle, files: readonly ExternalFile[]): void {
    if (files.length === 0) return
    const api = this.#api
    const names = this.#names.table(files.map(({ path }) => path))
    const buffers = pointerTable(files.length)
    const lengths = pointerTable(files.length)
    for (const [at, { data }] of files.entries()) {
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
    return { inputNames: this.#names.table(inputs), outputNames: this.#names.table(outputs) }
  }

  /**
   * Memory of the device that it computes on, with unknown content.
   * @throws Error when it has no such device, or the device has not as much
   */
  deviceMemory(name: DeviceMemoryName, bytes: number): DeviceMemory {
    return new DeviceMemory(this.#api, this.#session, name, bytes)
  }

  /**
   * Runs the graph on another thread; tensors must stay alive and unchanged until it is done. They may lie on
   * the device: what lies where it is needed is not copied, whatever else goes there or comes back.
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

  /** With all that it holds; its tensors and memory are to be released before. */
  release(): void {
    this.#api.releaseSession(this.#session)
    this.#api.releaseMemoryInfo(this.#memory)
  }

  /** Runs the graph on this thread. @throws Error when it fails */
  runNow({ signature: { inputNames, outputNames }, inputs, outputs }: NativeCall): void {
    const [session, api] = [this.#session, this.#api]
    const [from, to] = [inputNames.length, outputNames.length]
    check(api, api.run(session, null, inputNames, inputs, from, outputNames, to, outputs))
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
  tensor<Data extends CacheElements | Uint8Array>(
    shape: readonly number[],
    data: Data,
  ): NativeTensor<Data> {
    if (data instanceof Uint8Array) return this.#tensor(data, shape, ELEMENT.uint8)
    if (data instanceof Int8Array) return this.#tensor(data, shape, ELEMENT.int8)
    const type = data instanceof Uint16Array ? ELEMENT.float16 : ELEMENT.float32
    return this.#tensor(data, shape, type)
  }

  #tensor<Data extends Elements>(
    data: Data,
    shape: readonly number[],
    type: number,
  ): NativeTensor<Data> {
    const range = { info: this.#memory, start: data, bytes: data.byteLength }
    const { address, release } = createValue(this.#api, range, shape, type)
    return { data, address, release }
  }
}

/** Memory of the device that a session computes on, from the session's own allocator. */
import { check, created, type OrtApi } from './ort-api.ts'
import { ALLOCATOR, DEFAULT_MEMORY } from './ort-enums.ts'
import { createValue, type NativeValue } from './value.ts'

/** In onnxruntime's names of its allocators. */
export type DeviceMemoryName = 'Cuda' | 'Cpu'

/** As CUDA numbers devices, of those that its environment shows. */
const FIRST_DEVICE = 0

/** One piece of it. Addresses are the device's: nothing here reads or writes there. */
export class DeviceMemory {
  readonly #api: OrtApi
  readonly #info: bigint
  readonly #allocator: bigint
  readonly #start: bigint
  readonly bytes: number

  /**
   * What lies in it at first is not known.
   * @throws Error when the session computes on no such device, or the device has not as much
   */
  constructor(api: OrtApi, session: bigint, name: DeviceMemoryName, bytes: number) {
    this.#api = api
    this.bytes = bytes
    this.#info = created(
      api,
      api.createMemoryInfo,
      ...[name, ALLOCATOR.device, FIRST_DEVICE, DEFAULT_MEMORY],
    )
    this.#allocator = created(api, api.createAllocator, session, this.#info)
    this.#start = created(api, api.allocatorAlloc, this.#allocator, bytes)
  }

  /**
   * A tensor over a part of it; to be released before the memory is.
   * @throws RangeError when the part is not inside
   */
  tensor(fromByte: number, bytes: number, shape: readonly number[], type: number): NativeValue {
    if (fromByte < 0 || bytes < 0 || fromByte + bytes > this.bytes) {
      throw new RangeError('a tensor outside of its memory')
    }
    const range = { info: this.#info, start: this.#start + BigInt(fromByte), bytes }
    return createValue(this.#api, range, shape, type)
  }

  release(): void {
    check(this.#api, this.#api.allocatorFree(this.#allocator, this.#start))
    this.#api.releaseAllocator(this.#allocator)
    this.#api.releaseMemoryInfo(this.#info)
  }
}

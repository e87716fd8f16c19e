/**
 * Caches that stay on a device, [1, heads, capacity, head size] each: their shape never changes, so that no
 * kernel is compiled anew and buffers of the same size go round. onnxruntime-node binds no output to a
 * tensor that exists, so a step copies them, on the device alone. Attention looks at no position that the
 * sequence has not written: a cache of one sequence can begin another. Only for graphs with
 * GroupQueryAttention, which takes the length of a sequence from the mask.
 */
import { Tensor } from 'onnxruntime-node'
import type { CacheTensor } from '../graph/signature.ts'

export class DeviceCaches {
  readonly #entries: readonly CacheTensor[]
  readonly #capacity: number
  readonly #idle: (readonly Tensor[])[] = []

  constructor(entries: readonly CacheTensor[], capacity: number) {
    this.#entries = entries
    this.#capacity = capacity
  }

  /** Of a sequence that is over, else zeros on this side, which the first call brings to the device. */
  take(): readonly Tensor[] {
    return this.#idle.pop() ?? this.#zeros()
  }

  /** As many are kept as were in use at once. */
  giveBack(tensors: readonly Tensor[]): void {
    this.#idle.push(tensors)
  }

  shapeOf({ heads, headSize }: CacheTensor): readonly number[] {
    return [1, heads, this.#capacity, headSize]
  }

  /** All over the same memory: it is only read. */
  #zeros(): Tensor[] {
    const sizes = this.#entries.map((entry) => this.shapeOf(entry).reduce((a, b) => a * b, 1))
    const zeros = new Float32Array(Math.max(0, ...sizes))
    return this.#entries.map((entry, at) => {
      const shape = this.shapeOf(entry)
      const size = sizes[at] ?? 0
      if (entry.type === 'float32') return new Tensor('float32', zeros.subarray(0, size), shape)
      if (entry.type === 'int8')
        return new Tensor('int8', new Int8Array(zeros.buffer, 0, size), shape)
      return halfPrecision(new Uint16Array(zeros.buffer, 0, size), shape)
    })
  }
}

/** Tensors of float16 hold a Float16Array, which Node-API does not know and takes for an empty one. */
function halfPrecision(data: Uint16Array, shape: readonly number[]): Tensor {
  return Object.defineProperty(new Tensor('float16', data, shape), 'data', { value: data })
}

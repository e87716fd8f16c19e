/** Tensors of the library over memory that somebody else owns. */
import { created, type OrtApi } from './ort-api.ts'

export interface NativeValue {
  /** Of the OrtValue: read once, since every step names every tensor of the cache. */
  readonly address: bigint
  release(): void
}

/** Memory as the library is told of it: where it begins, how long it is, and what an OrtMemoryInfo says of it. */
export interface MemoryRange {
  readonly info: bigint
  /** An address, or an array outside of the heap. */
  readonly start: bigint | ArrayBufferView
  readonly bytes: number
}

/** @param type ONNXTensorElementDataType  @throws Error when shape and memory do not fit each other */
export function createValue(
  api: OrtApi,
  { info, start, bytes }: MemoryRange,
  shape: readonly number[],
  type: number,
): NativeValue {
  const dims = new BigInt64Array(new ArrayBuffer(8 * shape.length))
  for (const [at, dimension] of shape.entries()) dims[at] = BigInt(dimension)
  const rank = shape.length
  const address = created(api, api.createTensorWithData, info, start, bytes, dims, rank, type)
  return { address, release: () => void api.releaseValue(address) }
}

/** Of an ArrayBuffer, so that it does not move while the library reads it. */
export function pointerTable(length: number): BigUint64Array {
  return new BigUint64Array(new ArrayBuffer(8 * length))
}

/** C strings that live as long as this does. */
export class NativeStrings {
  readonly #api: OrtApi
  readonly #known = new Map<string, { bytes: Uint8Array; address: bigint }>()

  constructor(api: OrtApi) {
    this.#api = api
  }

  /** The addresses of the texts, in their order. */
  table(texts: readonly string[]): BigUint64Array {
    const table = pointerTable(texts.length)
    for (const [at, text] of texts.entries()) table[at] = this.#addressOf(text)
    return table
  }

  #addressOf(text: string): bigint {
    const known = this.#known.get(text)
    if (known !== undefined) return known.address
    const encoded = new TextEncoder().encode(`${text}\0`)
    const bytes = new Uint8Array(new ArrayBuffer(encoded.length))
    bytes.set(encoded)
    const made = { bytes, address: this.#api.addressOfBytes(bytes) }
    this.#known.set(text, made)
    return made.address
  }
}

/** What goes into a step besides the caches, written into the same memory every time. */
import type { GraphSignature } from '../graph/signature.ts'
import type { NativeSession, NativeTensor } from './session.ts'

/** The bits of an int64 of 1 as a double: filling with it is a memory fill, with BigInt a loop of allocations. */
const ONE_AS_DOUBLE = new Float64Array(new BigInt64Array([1n]).buffer)[0] as number

/** The rows of one call: `width` ids of each, and how many positions each has with them. */
export interface StepRows {
  readonly ids: readonly number[]
  readonly lengths: readonly number[]
}

export class StepBuffers {
  readonly #session: NativeSession
  readonly #signature: GraphSignature
  readonly #ids: BigInt64Array<ArrayBuffer>
  readonly #positions: BigInt64Array<ArrayBuffer>
  readonly #mask: BigInt64Array<ArrayBuffer>
  readonly #ones: Float64Array
  readonly #count: BigInt64Array<ArrayBuffer>
  /** Tensors of ids, positions and count by shape: the memory stays, so they do. */
  readonly #fixed = new Map<string, readonly NativeTensor[]>()

  /** @param idsMax of one call  @param positionsMax of all rows of one call */
  constructor(
    session: NativeSession,
    signature: GraphSignature,
    idsMax: number,
    positionsMax: number,
  ) {
    this.#session = session
    this.#signature = signature
    this.#ids = int64Elements(idsMax)
    this.#positions = int64Elements(idsMax)
    this.#mask = int64Elements(positionsMax)
    this.#ones = new Float64Array(this.#mask.buffer)
    this.#count = int64Elements(1)
  }

  /** As the graph names them, the mask first: the order of what `write` returns. */
  get names(): string[] {
    const { hasPositionIds, logitsCount } = this.#signature
    return [
      'attention_mask',
      'input_ids',
      ...(hasPositionIds ? ['position_ids'] : []),
      ...(logitsCount === undefined ? [] : [logitsCount.name]),
    ]
  }

  /** The first one, the mask, is the caller's to release; all are valid until the next call. */
  write({ ids, lengths }: StepRows): readonly [mask: NativeTensor, ...rest: NativeTensor[]] {
    const rows = lengths.length
    const width = ids.length / rows
    let longest = 0
    for (let row = 0; row < rows; row++) longest = Math.max(longest, lengths[row] ?? 0)
    const ones = this.#ones.fill(0, 0, rows * longest)
    for (let row = 0; row < rows; row++) {
      const length = lengths[row] ?? 0
      ones.fill(ONE_AS_DOUBLE, row * longest, row * longest + length)
      for (let at = 0; at < width; at++) {
        this.#ids[row * width + at] = BigInt(ids[row * width + at] ?? 0)
        this.#positions[row * width + at] = BigInt(length - width + at)
      }
    }
    const mask = this.#session.int64(this.#mask.subarray(0, rows * longest), [rows, longest])
    return [mask, ...this.#fixedOf(rows, width)]
  }

  #fixedOf(rows: number, width: number): readonly NativeTensor[] {
    const name = `${rows}x${width}`
    const known = this.#fixed.get(name)
    this.#count[0] = BigInt(width)
    if (known !== undefined) return known
    const { hasPositionIds, logitsCount } = this.#signature
    const [session, shape, size] = [this.#session, [rows, width], rows * width]
    const made = [session.int64(this.#ids.subarray(0, size), shape)]
    if (hasPositionIds) made.push(session.int64(this.#positions.subarray(0, size), shape))
    if (logitsCount !== undefined) {
      made.push(session.int64(this.#count, logitsCount.rank === 0 ? [] : [1]))
    }
    this.#fixed.set(name, made)
    return made
  }
}

/** Of an ArrayBuffer: a small typed array made by its length lies on the heap and moves. */
function int64Elements(length: number): BigInt64Array<ArrayBuffer> {
  return new BigInt64Array(new ArrayBuffer(8 * length))
}

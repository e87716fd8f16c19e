/**
 * Caches in memory of a device, allocated once: a step names parts of it by address, so that neither keys nor
 * values ever leave it. One slot more than asked for is the place over which two slots change places.
 */
import { CACHE_ELEMENT_BYTES, type CacheTensor } from '../graph/signature.ts'
import type { CacheLayout, CacheMemory } from './cache-memory.ts'
import type { DeviceCopy } from './device-copy.ts'
import type { DeviceMemory } from './device-memory.ts'
import { ELEMENT } from './ort-enums.ts'
import type { NativeValue } from './value.ts'

/** What allocators of devices promise of an address, so that every slab begins as a whole allocation would. */
const ALIGNMENT_BYTES = 256
const CLEARED_FROM_HERE_BYTES = 65_536

interface Slab {
  readonly tensor: CacheTensor
  readonly startByte: number
  readonly slotBytes: number
}

export class DeviceSlabs implements CacheMemory {
  readonly #memory: DeviceMemory
  readonly #copy: DeviceCopy
  readonly #slabs: readonly Slab[]
  readonly #layout: CacheLayout
  /** Every slot of every slab as bytes, made when first moved. */
  readonly #slotBytes = new Map<number, NativeValue[]>()

  /** Fills the memory with zeros: no kernel meets what another program left there. */
  constructor(layout: CacheLayout, memory: DeviceMemory, copy: DeviceCopy) {
    this.#layout = layout
    this.#memory = memory
    this.#copy = copy
    this.#slabs = placeSlabs(layout)
    this.#clear()
  }

  window(first: number, count: number): NativeValue[] {
    const { capacity } = this.#layout
    return this.#slabs.map(({ tensor: { heads, headSize, type }, startByte, slotBytes }) =>
      this.#memory.tensor(
        startByte + first * slotBytes,
        count * slotBytes,
        [count, heads, capacity, headSize],
        ELEMENT[type],
      ),
    )
  }

  /** Whole slots, in three calls: what is kept of them is, head by head, many small parts. */
  swap(one: number, other: number): void {
    const spare = this.#layout.slots
    for (const [from, to] of [
      [one, spare],
      [other, one],
      [spare, other],
    ] as const) {
      this.#copy.copy(this.#slot(from), this.#slot(to))
    }
  }

  /** What is cleared already clears as much again: a few calls, and next to nothing crosses to the device. */
  #clear(): void {
    const sizes = this.#slabs.map(({ slotBytes }) => (this.#layout.slots + 1) * slotBytes)
    const begun = Math.min(CLEARED_FROM_HERE_BYTES, ...sizes)
    const zeros = this.#copy.bytes(new Uint8Array(new ArrayBuffer(begun)))
    this.#copyParts(
      sizes.map(() => zeros),
      sizes.map(() => begun),
      0,
    )
    zeros.release()
    for (let done = begun; done < Math.max(...sizes); done *= 2) {
      const lengths = sizes.map((size) => Math.max(0, Math.min(done, size - done)))
      const cleared = this.#parts(0, lengths)
      this.#copyParts(cleared, lengths, done)
      for (const each of cleared) each.release()
    }
  }

  #copyParts(from: readonly NativeValue[], lengths: readonly number[], toByte: number): void {
    const to = this.#parts(toByte, lengths)
    this.#copy.copy(from, to)
    for (const each of to) each.release()
  }

  /** Of every slab so many bytes from `fromByte` on. */
  #parts(fromByte: number, lengths: readonly number[]): NativeValue[] {
    return this.#slabs.map(({ startByte }, at) => {
      const length = lengths[at] ?? 0
      // A slab that is done has no part there, not even an empty one.
      const start = length === 0 ? startByte : startByte + fromByte
      return this.#memory.tensor(start, length, [length], ELEMENT.uint8)
    })
  }

  #slot(slot: number): NativeValue[] {
    const known = this.#slotBytes.get(slot)
    if (known !== undefined) return known
    const made = this.#slabs.map(({ startByte, slotBytes }) =>
      this.#memory.tensor(startByte + slot * slotBytes, slotBytes, [slotBytes], ELEMENT.uint8),
    )
    this.#slotBytes.set(slot, made)
    return made
  }
}

/** How much DeviceSlabs takes for such a layout. */
export function deviceSlabBytes(layout: CacheLayout): number {
  const last = placeSlabs(layout).at(-1)
  return last === undefined ? 0 : last.startByte + (layout.slots + 1) * last.slotBytes
}

function placeSlabs({ cache, slots, capacity }: CacheLayout): Slab[] {
  let end = 0
  return cache.map((tensor) => {
    const slotBytes = tensor.heads * capacity * tensor.headSize * CACHE_ELEMENT_BYTES[tensor.type]
    const startByte = Math.ceil(end / ALIGNMENT_BYTES) * ALIGNMENT_BYTES
    end = startByte + (slots + 1) * slotBytes
    return { tensor, startByte, slotBytes }
  })
}

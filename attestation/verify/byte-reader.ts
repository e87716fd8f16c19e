/** Reads little-endian fields in order and never past the end. */
import { refuse } from './refuse.ts'

export class ByteReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  left(): number {
    return this.#bytes.length - this.#at
  }

  /** @throws AttestationError CHECK_FAILED when fewer bytes are left */
  bytes(length: number): Uint8Array {
    if (length > this.left()) refuse(`cut: ${length} bytes wanted, ${this.left()} left`)
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  u16(): number {
    const [low = 0, high = 0] = this.bytes(2)
    return low + 256 * high
  }

  u32(): number {
    const low = this.u16()
    return low + 65_536 * this.u16()
  }
}

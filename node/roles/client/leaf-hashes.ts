/** The leaf hashes of one channel's receipt tree, side by side: 32 bytes for each answer, and nothing more. */

const HASH_BYTES = 32
const FIRST_LEAVES = 16

export class LeafHashes {
  #bytes = new Uint8Array(FIRST_LEAVES * HASH_BYTES)

  /** @throws RangeError when it is no hash of 32 bytes */
  set(index: number, hash: Uint8Array): void {
    if (hash.length !== HASH_BYTES) throw new RangeError('a leaf hash is 32 bytes')
    const end = (index + 1) * HASH_BYTES
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(end, 2 * this.#bytes.length))
      larger.set(this.#bytes)
      this.#bytes = larger
    }
    this.#bytes.set(hash, index * HASH_BYTES)
  }

  /** Views of the first `count`, for a proof. */
  first(count: number): Uint8Array[] {
    return Array.from({ length: count }, (_, index) =>
      this.#bytes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES),
    )
  }
}

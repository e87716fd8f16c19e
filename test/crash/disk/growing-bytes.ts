/** The content of one file: grows with what is written, with zeros in gaps. */
export class GrowingBytes {
  #memory: Buffer
  #length: number

  constructor(content: Uint8Array = new Uint8Array(0)) {
    this.#memory = Buffer.from(content)
    this.#length = content.length
  }

  /** Valid until the next change. */
  get bytes(): Buffer {
    return this.#memory.subarray(0, this.#length)
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#resize(Math.max(this.#length, offset + bytes.length))
    this.#memory.set(bytes, offset)
  }

  truncate(length: number): void {
    this.#resize(length)
  }

  copy(): GrowingBytes {
    return new GrowingBytes(this.bytes)
  }

  #resize(length: number): void {
    if (length > this.#memory.length) {
      const larger = Buffer.alloc(Math.max(length, 2 * this.#memory.length))
      larger.set(this.bytes)
      this.#memory = larger
    }
    if (length < this.#length) this.#memory.fill(0, length, this.#length)
    this.#length = length
  }
}

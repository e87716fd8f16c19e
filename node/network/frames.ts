/** Length-prefixed messages on a byte stream: unsigned varint (LEB128), then that many bytes. */
import { concat } from '#protocol/bytes.ts'
import { SESSION_MESSAGE_BYTES_MAX } from '#protocol/constants.ts'
import { ProtocolError } from '#protocol/errors.ts'

/** Bytes of a length prefix: 7 bits each, enough for SESSION_MESSAGE_BYTES_MAX. */
const PREFIX_BYTES_MAX = 3

/** @throws ProtocolError MESSAGE_TOO_LARGE */
export function encodeFrame(message: Uint8Array): Uint8Array {
  if (message.length > SESSION_MESSAGE_BYTES_MAX) throw tooLarge(message.length)
  const prefix: number[] = []
  let rest = message.length
  while (rest >= 0x80) {
    prefix.push((rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  prefix.push(rest)
  return concat(Uint8Array.from(prefix), message)
}

/**
 * Takes chunks as they arrive and gives whole messages. A length is checked before anything is kept,
 * and memory grows only with bytes that really came.
 */
export class FrameDecoder {
  #lengthBytes: number[] = []
  #length: number | undefined
  #parts: Uint8Array[] = []
  #have = 0

  /** True between two messages: the stream may end here. */
  get isComplete(): boolean {
    return this.#length === undefined && this.#lengthBytes.length === 0
  }

  /** @throws ProtocolError MESSAGE_TOO_LARGE */
  push(chunk: Uint8Array): Uint8Array[] {
    const messages: Uint8Array[] = []
    let at = 0
    while (at < chunk.length) {
      if (this.#length === undefined) {
        this.#readLengthByte(chunk[at]!)
        at += 1
      } else {
        const take = Math.min(this.#length - this.#have, chunk.length - at)
        // A copy: chunks are views of socket buffers, and Buffer.slice does not copy.
        this.#parts.push(new Uint8Array(chunk.subarray(at, at + take)))
        this.#have += take
        at += take
      }
      if (this.#length !== undefined && this.#have === this.#length) messages.push(this.#finish())
    }
    return messages
  }

  #readLengthByte(byte: number): void {
    this.#lengthBytes.push(byte)
    if ((byte & 0x80) !== 0) {
      if (this.#lengthBytes.length >= PREFIX_BYTES_MAX) throw tooLarge(Number.POSITIVE_INFINITY)
      return
    }
    const length = this.#lengthBytes.reduceRight((sum, part) => sum * 128 + (part & 0x7f), 0)
    if (length > SESSION_MESSAGE_BYTES_MAX) throw tooLarge(length)
    this.#length = length
    this.#lengthBytes = []
  }

  #finish(): Uint8Array {
    const message = this.#parts.length === 1 ? this.#parts[0]! : concat(...this.#parts)
    this.#length = undefined
    this.#parts = []
    this.#have = 0
    return message
  }
}

function tooLarge(bytes: number): ProtocolError {
  return new ProtocolError(
    'MESSAGE_TOO_LARGE',
    `a message of ${bytes} bytes; the limit is ${SESSION_MESSAGE_BYTES_MAX}`,
    { data: { bytes } },
  )
}

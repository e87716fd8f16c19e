/**
 * Writes the wire format of protobuf (https://protobuf.dev/programming-guides/encoding/). Messages keep
 * their parts as they were given and may hold bytes that are only made while they are written, so that a
 * model larger than the memory can be put on a disk.
 */
import { concat, utf8 } from '#protocol/bytes.ts'

/** Bytes whose number is known before they are made. */
export interface LateBytes {
  readonly length: number
  /** The same bytes each time, `length` of them. */
  chunks(): Iterable<Uint8Array>
}

/** Wire types: a varint, a length and so many bytes, 4 bytes. */
const VARINT = 0n
const LENGTH_DELIMITED = 2n
const FIXED_32 = 5n

export class ProtobufMessage {
  readonly #parts: (Uint8Array | LateBytes)[] = []
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Negative numbers as proto3's int32 and int64 write them. */
  int(field: number, value: number | bigint): this {
    return this.#tag(field, VARINT).#add(varint(BigInt.asUintN(64, BigInt(value))))
  }

  float(field: number, value: number): this {
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setFloat32(0, value, true)
    return this.#tag(field, FIXED_32).#add(bytes)
  }

  bytes(field: number, value: Uint8Array | LateBytes): this {
    return this.#tag(field, LENGTH_DELIMITED)
      .#add(varint(BigInt(value.length)))
      .#add(value)
  }

  text(field: number, value: string): this {
    return this.bytes(field, utf8(value))
  }

  /** The inner message must not change afterwards. */
  message(field: number, value: ProtobufMessage): this {
    return this.bytes(field, value)
  }

  *chunks(): Generator<Uint8Array> {
    for (const part of this.#parts) {
      if (part instanceof Uint8Array) yield part
      else yield* part.chunks()
    }
  }

  /** The whole message in memory. */
  finish(): Uint8Array {
    const whole = new Uint8Array(this.#length)
    let at = 0
    for (const chunk of this.chunks()) {
      whole.set(chunk, at)
      at += chunk.length
    }
    return whole
  }

  #tag(field: number, wireType: bigint): this {
    return this.#add(fieldKey(field, wireType))
  }

  #add(part: Uint8Array | LateBytes): this {
    this.#parts.push(part)
    this.#length += part.length
    return this
  }
}

/** One field by itself. */
export function integerField(field: number, value: number | bigint): Uint8Array {
  return new ProtobufMessage().int(field, value).finish()
}

export function floatField(field: number, value: number): Uint8Array {
  return new ProtobufMessage().float(field, value).finish()
}

export function bytesField(field: number, ...content: readonly Uint8Array[]): Uint8Array {
  return new ProtobufMessage().bytes(field, concat(...content)).finish()
}

export function textField(field: number, text: string): Uint8Array {
  return new ProtobufMessage().text(field, text).finish()
}

/** Key and length of a length-delimited field whose content follows. */
export function fieldHeader(field: number, length: number): Uint8Array {
  return concat(fieldKey(field, LENGTH_DELIMITED), varint(BigInt(length)))
}

function fieldKey(field: number, wireType: bigint): Uint8Array {
  return varint((BigInt(field) << 3n) | wireType)
}

/** 1 to 10 bytes; value below 2^64. */
export function varint(value: bigint): Uint8Array {
  const bytes: number[] = []
  let rest = value
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  bytes.push(Number(rest))
  return Uint8Array.from(bytes)
}

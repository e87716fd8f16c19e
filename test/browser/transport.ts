/** Evidence and contexts as JSON text, between Node and a page: bytes and big integers survive. */
import { fromHex, toHex } from '#protocol/bytes.ts'

export function toText(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (inner instanceof Uint8Array) return { $hex: toHex(inner) }
    return typeof inner === 'bigint' ? { $integer: `${inner}` } : inner
  })
}

export function fromText<T>(text: string): T {
  return JSON.parse(text, (_, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null) return inner
    if ('$hex' in inner && typeof inner.$hex === 'string') return fromHex(inner.$hex)
    if ('$integer' in inner && typeof inner.$integer === 'string') return BigInt(inner.$integer)
    return inner
  }) as T
}

/** Comparison under a mask: the bits outside the mask may be anything. */
import { fromHex } from '#protocol/bytes.ts'

/** All three of equal length; the expected value and the mask in hexadecimal. */
export function equalMasked(actual: Uint8Array, expectedHex: string, maskHex: string): boolean {
  const [expected, mask] = [fromHex(expectedHex), fromHex(maskHex)]
  if (expected.length !== actual.length || mask.length !== actual.length) return false
  return actual.every((byte, at) => {
    const bits = mask[at] ?? 0xff
    return (byte & bits) === ((expected[at] ?? 0) & bits)
  })
}

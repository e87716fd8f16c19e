/** Weights in float16 (IEEE 754 binary16), made from float32 while they are written. */
import type { LateBytes } from '../onnx/graph/protobuf-writer.ts'

/** @param floats float32, little-endian, each chunk whole numbers of them */
export function halved(floats: LateBytes): LateBytes {
  return {
    length: floats.length / 2,
    *chunks() {
      for (const chunk of floats.chunks()) yield halfOf(chunk)
    },
  }
}

function halfOf(floats: Uint8Array): Uint8Array {
  const from = new DataView(floats.buffer, floats.byteOffset, floats.byteLength)
  const bytes = new Uint8Array(floats.byteLength / 2)
  const to = new DataView(bytes.buffer)
  for (let at = 0; at < bytes.length; at += 2)
    to.setFloat16(at, from.getFloat32(2 * at, true), true)
  return bytes
}

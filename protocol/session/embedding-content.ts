/** Vectors as they travel and as receipts commit to them: float32, little endian (IEEE 754). */
import { EMBEDDING_DIMENSIONS_MAX } from '../constants.ts'
import { requireContent } from './content-parts.ts'

const NUMBER_BYTES = 4

export function numbersToWire(numbers: Float32Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(NUMBER_BYTES * numbers.length)
  const view = new DataView(bytes.buffer)
  for (const [at, value] of numbers.entries()) view.setFloat32(NUMBER_BYTES * at, value, true)
  return bytes
}

/** 1 to EMBEDDING_DIMENSIONS_MAX numbers, finite or not. @throws ProtocolError FRAME_MALFORMED */
export function numbersFromWire(bytes: Uint8Array): Float32Array {
  const count = bytes.length / NUMBER_BYTES
  const isVector = Number.isInteger(count) && count >= 1 && count <= EMBEDDING_DIMENSIONS_MAX
  requireContent(isVector, 'a vector')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Float32Array.from({ length: count }, (_, at) => view.getFloat32(NUMBER_BYTES * at, true))
}

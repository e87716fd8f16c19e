/** Tensors of random weights, in the bytes that an ONNX graph keeps them in, made while they are written. */
import type { LateBytes } from '../onnx/graph/protobuf-writer.ts'
import { BLOCK_WEIGHTS, quantise4, quantise8 } from './quantise.ts'
import { RandomTensor } from './random-weights.ts'

/** A linear layer's matrix, [outputs, inputs] as in the files of the hub; several below each other are one. */
export interface LinearWeights {
  readonly parts: readonly LinearPart[]
  /** A multiple of BLOCK_WEIGHTS. */
  readonly inputs: number
}

export interface LinearPart {
  /** Whose random numbers. */
  readonly name: string
  readonly outputs: number
}

export interface QuantisedTensors {
  /** uint8 [outputs, blocks, bytes of a block]: levels above zero-point, two in a byte for 4 bits. */
  readonly levels: LateBytes
  /** float32 [outputs * blocks] */
  readonly scales: LateBytes
}

const CHUNK_BYTES = 1 << 20

/** Keeps the size of a hidden state about as it is: uniform numbers have a third of their square as variance. */
function linearScale(inputs: number): number {
  return Math.sqrt(3 / inputs)
}

/** One row of a part of a matrix, as numbers. */
export function linearRow(part: string, seed: number, row: number, out: Float32Array): void {
  new RandomTensor(seed, part).fill(out, row * out.length, 1, linearScale(out.length))
}

/** What MatMul wants: float32 [inputs, outputs]. */
export function transposedFloats({ parts, inputs }: LinearWeights, seed: number): LateBytes {
  const columns = parts.reduce((sum, { outputs }) => sum + outputs, 0)
  const tensors = parts.map(({ name, outputs }) => ({
    random: new RandomTensor(seed, name),
    outputs,
  }))
  return inRows(inputs, columns, (row, out) => {
    let at = 0
    for (const { random, outputs } of tensors) {
      random.fill(out.subarray(at, at + outputs), row, inputs, linearScale(inputs))
      at += outputs
    }
  })
}

/** float32 [rows, columns], uniform in [-scale, scale). */
export function randomFloats(
  name: string,
  seed: number,
  rows: number,
  columns: number,
  scale: number,
): LateBytes {
  const random = new RandomTensor(seed, name)
  return inRows(rows, columns, (row, out) => random.fill(out, row * columns, 1, scale))
}

function inRows(
  rows: number,
  columns: number,
  fillRow: (row: number, out: Float32Array) => void,
): LateBytes {
  const rowBytes = columns * Float32Array.BYTES_PER_ELEMENT
  const rowsAtOnce = Math.max(1, Math.floor(CHUNK_BYTES / rowBytes))
  return {
    length: rows * rowBytes,
    *chunks() {
      for (let row = 0; row < rows; row += rowsAtOnce) {
        const count = Math.min(rowsAtOnce, rows - row)
        const floats = new Float32Array(count * columns)
        for (let at = 0; at < count; at++) {
          fillRow(row + at, floats.subarray(at * columns, (at + 1) * columns))
        }
        yield new Uint8Array(floats.buffer)
      }
    },
  }
}

/** What MatMulNBits wants, for 4 or 8 bits and blocks of BLOCK_WEIGHTS. */
export function quantisedTensors(
  weights: LinearWeights,
  seed: number,
  bits: 4 | 8,
): QuantisedTensors {
  const { parts, inputs } = weights
  const rows = parts.flatMap(({ name, outputs }) =>
    Array.from({ length: outputs }, (_, row) => ({ name, row })),
  )
  const outputs = rows.length
  const blocksOfRow = inputs / BLOCK_WEIGHTS
  const rowBytes = (inputs * bits) / 8
  const rowsAtOnce = Math.max(1, Math.floor(CHUNK_BYTES / rowBytes))
  const row = new Float32Array(inputs)
  // Scales fall off while levels are made; they are 1/16 of the size, so they are kept until asked for.
  const scales = new Float32Array(outputs * blocksOfRow)
  let scalesAreMade = false
  function* makeLevels(): Generator<Uint8Array> {
    for (let first = 0; first < outputs; first += rowsAtOnce) {
      const count = Math.min(rowsAtOnce, outputs - first)
      const bytes = new Uint8Array(count * rowBytes)
      for (let at = 0; at < count; at++) {
        const source = rows[first + at]
        if (source !== undefined) linearRow(source.name, seed, source.row, row)
        const rowScales = scales.subarray((first + at) * blocksOfRow)
        quantiseRow(row, bits, bytes.subarray(at * rowBytes, (at + 1) * rowBytes), rowScales)
      }
      yield bytes
    }
    scalesAreMade = true
  }
  return {
    levels: { length: outputs * rowBytes, chunks: makeLevels },
    scales: {
      length: scales.byteLength,
      *chunks() {
        if (!scalesAreMade) for (const _ of makeLevels());
        yield new Uint8Array(scales.buffer)
      },
    },
  }
}

const blockLevels = new Int8Array(BLOCK_WEIGHTS)

function quantiseRow(row: Float32Array, bits: 4 | 8, out: Uint8Array, scales: Float32Array): void {
  const quantise = bits === 4 ? quantise4 : quantise8
  let byte = 0
  for (let at = 0; at < row.length; at += BLOCK_WEIGHTS) {
    scales[at / BLOCK_WEIGHTS] = quantise(row, at, blockLevels)
    for (let i = 0; i < BLOCK_WEIGHTS; i += 8 / bits) {
      const low = blockLevels[i] as number
      out[byte++] = bits === 8 ? low + 128 : (low + 8) | (((blockLevels[i + 1] as number) + 8) << 4)
    }
  }
}

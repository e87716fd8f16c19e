/**
 * Holds what tensors claim to be against the bytes that are there: a kilobyte that says it is a tensor of
 * four gigabytes is refused before anybody makes room for it.
 */
import { graphInvalid } from '../graph/errors.ts'
import { repeatedVarints } from '../graph/protobuf.ts'
import { TENSOR } from './onnx-graph.ts'
import { externalEntries, graphFields, visitTensors } from './tensors.ts'

/** Bits of one element by TensorProto.DataType; 8, strings, have no size and are refused with data. */
const ELEMENT_BITS: Readonly<Record<number, number>> = {
  1: 32,
  2: 8,
  3: 8,
  4: 16,
  5: 16,
  6: 32,
  7: 64,
  9: 8,
  10: 16,
  11: 64,
  12: 32,
  13: 64,
  14: 64,
  15: 128,
  16: 16,
  17: 8,
  18: 8,
  19: 8,
  20: 8,
  21: 4,
  22: 4,
  23: 4,
}
/** Elements of a tensor whose bytes do not lie in one run: every element takes at least half a byte. */
const ELEMENTS_PER_BYTE_MAX = 2

/**
 * `files`: size of each file beside the graph, in bytes.
 * @throws ConfigError MODEL_GRAPH_INVALID
 */
export function checkTensorSizes(file: Uint8Array, files: ReadonlyMap<string, number>): void {
  visitTensors(file, (tensor) => {
    const { dimensions, bits, rawBytes, external } = readTensor(tensor)
    const elements = dimensions.reduce((product, size) => product * size, 1)
    const claimedBytes = Math.ceil((elements * bits) / 8)
    const fits = external
      ? isInFile(tensor, files, claimedBytes)
      : rawBytes === undefined
        ? elements <= tensor.length * ELEMENTS_PER_BYTE_MAX
        : rawBytes === claimedBytes
    if (!fits || !Number.isSafeInteger(elements)) {
      throw graphInvalid('a tensor is larger or smaller than its data', undefined)
    }
  })
}

function readTensor(tensor: Uint8Array) {
  const dimensions: number[] = []
  let bits = 0
  let rawBytes: number | undefined
  for (const field of graphFields(tensor)) {
    if (field.field === TENSOR.dimension) dimensions.push(...varints(field))
    else if (field.field === TENSOR.type) bits = ELEMENT_BITS[Number(field.value)] ?? 0
    else if (field.field === TENSOR.rawData && field.value instanceof Uint8Array) {
      rawBytes = field.value.length
    }
  }
  return { dimensions, bits, rawBytes, external: externalEntries(tensor).length > 0 }
}

function varints(field: Parameters<typeof repeatedVarints>[0]): readonly number[] {
  try {
    return repeatedVarints(field)
  } catch (cause) {
    throw graphInvalid('it is not an ONNX protobuf', cause)
  }
}

/** The run of bytes that the tensor names; checkExternalData has seen to it that the file is known. */
function isInFile(
  tensor: Uint8Array,
  files: ReadonlyMap<string, number>,
  claimedBytes: number,
): boolean {
  const entries = externalEntries(tensor)
  const value = (key: string) => entries.findLast(({ keys }) => keys.includes(key))?.values.at(-1)
  const fileBytes = files.get(value('location') ?? '') ?? 0
  const [offset, length] = [value('offset') ?? '0', value('length')]
  if (!isDecimal(offset) || (length !== undefined && !isDecimal(length))) return false
  const lengthBytes = length === undefined ? fileBytes - Number(offset) : Number(length)
  return lengthBytes === claimedBytes && Number(offset) + lengthBytes <= fileBytes
}

function isDecimal(text: string): boolean {
  return /^\d{1,15}$/.test(text)
}

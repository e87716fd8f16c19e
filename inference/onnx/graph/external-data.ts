/**
 * Which files a graph takes weights from. onnxruntime looks for them on the disk, relative to where
 * the process happens to stand, and knows a location that means a bare memory address: weights that
 * nobody hashed. So every location must name a file that was read and hashed with the graph.
 */
import { ConfigError } from '#protocol/errors.ts'
import { externalEntries, visitTensors } from '../surgery/tensors.ts'

const LOCATION = 'location'
/** onnxruntime's own file format is another way in, without any of these checks. */
const ORT_FORMAT_MARK = 'ORTM'
const ORT_FORMAT_MARK_AT = 4

/**
 * @throws ConfigError MODEL_GRAPH_INVALID when the file is not an ONNX protobuf, or takes weights
 *   from anywhere but the named files
 */
export function checkExternalData(graph: Uint8Array, fileNames: ReadonlySet<string>): void {
  const mark = graph.subarray(ORT_FORMAT_MARK_AT, ORT_FORMAT_MARK_AT + ORT_FORMAT_MARK.length)
  if (String.fromCharCode(...mark) === ORT_FORMAT_MARK) throw invalid('it is not an ONNX protobuf')
  visitTensors(graph, (tensor) => {
    for (const { keys, values } of externalEntries(tensor)) {
      if (!keys.includes(LOCATION)) continue
      // No value at all is an empty one.
      const locations = values.length === 0 ? [''] : values
      if (!locations.every((location) => fileNames.has(location))) {
        throw invalid('it takes weights from outside of the model')
      }
    }
  })
}

function invalid(reason: string): ConfigError {
  return new ConfigError('MODEL_GRAPH_INVALID', `the ONNX graph is invalid: ${reason}`, {
    remedy: 'Keep external data as files in onnx/, named in the graph without any folder.',
    data: { reason },
  })
}

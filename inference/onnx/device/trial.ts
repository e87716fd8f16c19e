/** A sum on a device: whether it answers is only known when it has. */
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { OnnxGraph } from '../../synth/onnx-graph.ts'
import { type Device, deviceUnavailable } from './device.ts'

const ROW = [1, 2, 3, 4] as const
/** OrtLoggingLevel: fatal only, since a refusal is an answer here. */
const LOG_FATAL_ONLY = 4

/**
 * Loads the provider's library and driver, which may end the process.
 * @throws ConfigError DEVICE_UNAVAILABLE
 */
export async function tryDevice(device: Device): Promise<void> {
  try {
    const session = await InferenceSession.create(sumGraph(), {
      executionProviders: [device],
      logSeverityLevel: LOG_FATAL_ONLY,
    })
    const row = new Tensor('float32', Float32Array.from(ROW), [1, ROW.length])
    const { sum } = await session.run({ row })
    await session.release()
    const isRight = ROW.every((value, at) => sum?.data[at] === value + value)
    if (!isRight) throw new Error('a sum comes out wrong')
  } catch (cause) {
    throw deviceUnavailable(device, cause)
  }
}

function sumGraph(): Uint8Array {
  const graph = new OnnxGraph('cocoon-device-trial')
  const row = graph.input('row', 'float32', [1, ROW.length])
  graph.operator('Add', [row, row], { outputs: ['sum'] })
  graph.output('sum', 'float32', [1, ROW.length])
  return graph.model()
}

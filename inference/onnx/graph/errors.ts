/** What both backends say of a graph that does not work. */
import { ConfigError, UnavailableError } from '#protocol/errors.ts'

export function outputInvalid(): UnavailableError {
  return new UnavailableError('MODEL_OUTPUT_INVALID', 'an output of the graph has a wrong shape', {
    remedy: 'Export the model again; config.json and graph must agree.',
  })
}

/** The library's words may name tensors, never contents; still they stay in the cause. */
export function runFailed(cause: unknown): UnavailableError {
  return new UnavailableError('MODEL_RUN_FAILED', 'onnxruntime could not run the graph', {
    remedy: 'Try again; if it lasts, raise the memory limit or export the model again.',
    cause,
  })
}

export function graphInvalid(reason: string, cause: unknown): ConfigError {
  return new ConfigError('MODEL_GRAPH_INVALID', `the ONNX graph is invalid: ${reason}`, {
    remedy: 'Fetch the model again, or export it again.',
    data: { reason },
    cause,
  })
}

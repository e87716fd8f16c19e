/**
 * Copies between tensors wherever they lie. onnxruntime's own CopyTensors knows no device of a provider that
 * was not registered by itself, and not even this processor's memory (1.30.0); a graph that passes its inputs on
 * is run on any device by what every session does there anyway.
 */
import { OnnxGraph } from '../../synth/onnx-graph.ts'
import type { DeviceMemory, DeviceMemoryName } from './device-memory.ts'
import type { OrtApi } from './ort-api.ts'
import { type CallSignature, NativeSession, type SessionProvider } from './session.ts'
import { type NativeValue, pointerTable } from './value.ts'

export class DeviceCopy {
  readonly #session: NativeSession
  readonly #signature: CallSignature

  /**
   * @param count tensors of one call
   * @throws Error when the provider's library or device cannot be used
   */
  constructor(api: OrtApi, provider: SessionProvider | undefined, count: number) {
    const inputs = Array.from({ length: count }, (_, at) => `from.${at}`)
    const outputs = Array.from({ length: count }, (_, at) => `to.${at}`)
    const graph = new OnnxGraph('cocoon-device-copy')
    for (const [at, input] of inputs.entries()) {
      const output = outputs[at] ?? ''
      graph.input(input, 'uint8', [`bytes.${at}`])
      graph.operator('Identity', [input], { outputs: [output] })
      graph.output(output, 'uint8', [`bytes.${at}`])
    }
    this.#session = new NativeSession(api, graph.model(), { threads: 1, provider })
    this.#signature = this.#session.signature(inputs, outputs)
  }

  /**
   * Byte for byte; returns when it is done.
   * @param from as many as were said, each a tensor uint8 [bytes]  @param to their targets, of the same shapes
   */
  copy(from: readonly NativeValue[], to: readonly NativeValue[]): void {
    const [inputs, outputs] = [addresses(from), addresses(to)]
    this.#session.runNow({ signature: this.#signature, inputs, outputs, idsTotal: 0 })
  }

  /** @throws Error as NativeSession.deviceMemory */
  deviceMemory(name: DeviceMemoryName, bytes: number): DeviceMemory {
    return this.#session.deviceMemory(name, bytes)
  }

  release(): void {
    this.#session.release()
  }

  /** Over memory of this process, which lies outside of the heap. */
  bytes(data: Uint8Array): NativeValue {
    return this.#session.tensor([data.length], data)
  }
}

function addresses(values: readonly NativeValue[]): BigUint64Array {
  const table = pointerTable(values.length)
  for (const [at, { address }] of values.entries()) table[at] = address
  return table
}

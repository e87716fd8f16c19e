/**
 * CUDA as the provider of a session: its library is loaded by onnxruntime from its own folder, by its own
 * name. Not run by us: no machine with such a GPU was at hand.
 */
import { CUDA_OPTIONS, checkCudaProvider } from '../device/cuda.ts'
import { deviceUnavailable } from '../device/device.ts'
import { check, created, type OrtApi } from './ort-api.ts'
import type { SessionProvider } from './session.ts'
import { NativeStrings } from './value.ts'

/** The provider throws ConfigError DEVICE_UNAVAILABLE when it, or a library that it needs, is not there. */
export function cudaProvider(api: OrtApi): SessionProvider {
  return (sessionOptions) => {
    checkCudaProvider()
    const strings = new NativeStrings(api)
    const keys = strings.table(Object.keys(CUDA_OPTIONS))
    const values = strings.table(Object.values(CUDA_OPTIONS))
    try {
      const options = created(api, api.createCudaOptions)
      try {
        check(api, api.updateCudaOptions(options, keys, values, keys.length))
        check(api, api.appendCuda(sessionOptions, options))
      } finally {
        api.releaseCudaOptions(options)
      }
    } catch (cause) {
      throw deviceUnavailable('cuda', cause)
    }
  }
}

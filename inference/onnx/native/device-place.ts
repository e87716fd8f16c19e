/** Sessions whose caches lie in memory of a device. */
import { ConfigError } from '#protocol/errors.ts'
import { deviceOutOfMemory, deviceRefusesModel, deviceUnavailable } from '../device/device.ts'
import type { GraphSignature } from '../graph/signature.ts'
import type { CacheLayout, CacheMemory } from './cache-memory.ts'
import { cudaProvider } from './cuda.ts'
import { DeviceCopy } from './device-copy.ts'
import type { DeviceMemoryName } from './device-memory.ts'
import { tryDeviceMemory } from './device-memory-trial.ts'
import { DeviceSlabs, deviceSlabBytes } from './device-slabs.ts'
import type { OrtApi } from './ort-api.ts'
import { type NativePlace, openSession } from './place.ts'
import type { NativeSession } from './session.ts'

/** The first CUDA device. Answers differ from the processor's in their last bits. Not run by us. */
export function cudaDevice(api: OrtApi): NativePlace {
  const provider = cudaProvider(api)
  return {
    openSession(graph, threads) {
      checkCacheType(graph.signature)
      tryCuda(api)
      try {
        return openSession(api, graph, threads, provider)
      } catch (cause) {
        throw deviceRefusesModel('cuda', cause)
      }
    },
    cacheMemory: (session, layout) =>
      slabs(session, layout, 'Cuda', () => new DeviceCopy(api, provider, layout.cache.length)),
  }
}

/**
 * For tests: the processor computes, and its memory is used as a device's is, by the same calls, its addresses
 * never looked behind. Says nothing about any device.
 */
export function simulatedDevice(api: OrtApi): NativePlace {
  return {
    openSession: (graph, threads) => openSession(api, graph, threads, undefined),
    cacheMemory: (session, layout) =>
      slabs(session, layout, 'Cpu', () => new DeviceCopy(api, undefined, layout.cache.length)),
  }
}

function slabs(
  session: NativeSession,
  layout: CacheLayout,
  name: DeviceMemoryName,
  copy: () => DeviceCopy,
): CacheMemory {
  const bytes = deviceSlabBytes(layout)
  try {
    return new DeviceSlabs(layout, session.deviceMemory(name, bytes), copy())
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause
    throw deviceOutOfMemory(name === 'Cuda' ? 'cuda' : 'cpu', bytes, cause)
  }
}

/** CUDA's GroupQueryAttention takes no other; onnxruntime would bring every cache back to the processor. */
function checkCacheType({ cache }: GraphSignature): void {
  const other = cache.find(({ type }) => type !== 'float16')
  if (other === undefined) return
  throw deviceRefusesModel('cuda', undefined, `its cache is ${other.type}, not float16`)
}

/** @throws ConfigError DEVICE_UNAVAILABLE when a library, the driver or the device is missing */
export function tryCuda(api: OrtApi): void {
  try {
    tryDeviceMemory(api, 'Cuda', cudaProvider(api))
  } catch (cause) {
    throw cause instanceof ConfigError ? cause : deviceUnavailable('cuda', cause)
  }
}

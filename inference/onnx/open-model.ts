/** Chooses the backend: native where library and graph allow it, else portable, and says why. */
import { asCocoonError } from '#protocol/errors.ts'
import type { TokenModel } from '../decoding/token-model.ts'
import type { Model } from '../model/read-model.ts'
import { checkBatchInvariance } from './batch-check.ts'
import type { KvCache } from './cache/kv-cache.ts'
import { cacheRefused, prepareCache } from './cache/prepare.ts'
import { checkCudaProvider } from './device/cuda.ts'
import { type Device, deviceRefusesModel } from './device/device.ts'
import { cudaDevice, simulatedDevice } from './native/device-place.ts'
import { openNativeModel } from './native/native-model.ts'
import { ortApi } from './native/ort-api.ts'
import { type NativePlace, processor } from './native/place.ts'
import { openPortableModel } from './portable-model.ts'
import type { PreparedGraph } from './surgery/prepare-graph.ts'

export type Backend = 'native' | 'portable'

export interface OpenedModel {
  readonly model: TokenModel<unknown>
  readonly backend: Backend
  /** What was made of the cache. */
  readonly kvCache: KvCache
  /** Why the native backend was not used, when it was wanted. */
  readonly fallback?: string
}

export interface OpenOptions {
  readonly backend: Backend
  readonly threads: number
  readonly slotsTotal: number
  /** Absent: `cpu`. `webgpu` is the portable backend's, `cuda` the native one's unless the other is named. */
  readonly device?: Device | undefined
  /** Absent: `graph`. */
  readonly kvCache?: KvCache | undefined
  /** See OnnxEngineOptions. */
  readonly simulatesDeviceMemory?: boolean | undefined
}

/**
 * @throws ConfigError MODEL_GRAPH_INVALID, DEVICE_UNAVAILABLE, DEVICE_REFUSES_MODEL, DEVICE_OUT_OF_MEMORY,
 *   MODEL_NOT_BATCH_INVARIANT and those of prepareCache
 */
export async function openModel(files: Model, wanted: OpenOptions): Promise<OpenedModel> {
  if (wanted.device === 'cuda') checkCudaProvider()
  const { prepared, kvCache } = await prepareCache(files, wanted)
  try {
    return { ...(await openPrepared(prepared, files, wanted)), kvCache }
  } catch (thrown) {
    throw cacheRefused(kvCache, thrown)
  }
}

async function openPrepared(
  prepared: PreparedGraph,
  files: Model,
  wanted: OpenOptions,
): Promise<Omit<OpenedModel, 'kvCache'>> {
  const { threads, device = 'cpu' } = wanted
  const portable = async () =>
    (await openPortableModel(prepared, files.config, {
      threads,
      device,
    })) as unknown as TokenModel<unknown>
  if (wanted.backend === 'portable' || device === 'webgpu')
    return { model: await portable(), backend: 'portable' }
  try {
    return { model: await native(prepared, files, wanted), backend: 'native' }
  } catch (thrown) {
    const error = asCocoonError(thrown)
    if (error.code !== 'NATIVE_UNAVAILABLE') throw error
    // Without memory of the device every cache would cross to it and back with every token.
    if (device === 'cuda') throw deviceRefusesModel(device, error, String(error.data['reason']))
    return { model: await portable(), backend: 'portable', fallback: error.message }
  }
}

async function native(
  prepared: PreparedGraph,
  { config }: Model,
  { threads, slotsTotal: slots, device = 'cpu', simulatesDeviceMemory = false }: OpenOptions,
): Promise<TokenModel<unknown>> {
  const api = ortApi()
  let place: NativePlace = simulatesDeviceMemory ? simulatedDevice(api) : processor(api)
  if (device === 'cuda') place = cudaDevice(api)
  const model = await openNativeModel(prepared, config, { place, threads, slots })
  // Of a device no bits are promised.
  if (device === 'cpu') await checkBatchInvariance(model, slots)
  return model
}

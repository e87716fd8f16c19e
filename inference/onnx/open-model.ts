/** Chooses the backend: native where library and graph allow it, else portable, and says why. */
import { asCocoonError } from '#protocol/errors.ts'
import type { TokenModel } from '../decoding/token-model.ts'
import type { Model } from '../model/read-model.ts'
import { checkBatchInvariance } from './batch-check.ts'
import type { Device } from './device.ts'
import { openNativeModel } from './native/native-model.ts'
import { openPortableModel } from './portable-model.ts'
import { prepareGraph } from './surgery/prepare-graph.ts'

export type Backend = 'native' | 'portable'

export interface OpenedModel {
  readonly model: TokenModel<unknown>
  readonly backend: Backend
  /** Why the native backend was not used, when it was wanted. */
  readonly fallback?: string
}

export interface OpenOptions {
  readonly backend: Backend
  readonly threads: number
  readonly slotsTotal: number
  /** Absent: `cpu`. Others are the portable backend's. */
  readonly device?: Device | undefined
}

/** @throws ConfigError MODEL_GRAPH_INVALID, DEVICE_UNAVAILABLE, DEVICE_REFUSES_MODEL, MODEL_NOT_BATCH_INVARIANT and those of prepareGraph */
export async function openModel(files: Model, wanted: OpenOptions): Promise<OpenedModel> {
  const { threads, slotsTotal, device = 'cpu' } = wanted
  const prepared = prepareGraph(files, { movesAttentionScale: device === 'cpu' })
  const portable = async () =>
    (await openPortableModel(prepared, files.config, {
      threads,
      device,
    })) as unknown as TokenModel<unknown>
  if (wanted.backend === 'portable' || device !== 'cpu')
    return { model: await portable(), backend: 'portable' }
  try {
    const native = await openNativeModel(prepared, files.config, threads, slotsTotal)
    await checkBatchInvariance(native, slotsTotal)
    return { model: native, backend: 'native' }
  } catch (thrown) {
    const error = asCocoonError(thrown)
    if (error.code !== 'NATIVE_UNAVAILABLE') throw error
    return { model: await portable(), backend: 'portable', fallback: error.message }
  }
}

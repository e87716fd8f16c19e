/** Chooses the backend: native where library and graph allow it, else portable, and says why. */
import { asCocoonError } from '#protocol/errors.ts'
import type { TokenModel } from '../decoding/token-model.ts'
import type { Model } from '../model/read-model.ts'
import { checkBatchInvariance } from './batch-check.ts'
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

/** @throws ConfigError MODEL_GRAPH_INVALID, MODEL_NOT_BATCH_INVARIANT and those of prepareGraph */
export async function openModel(
  files: Model,
  wanted: { readonly backend: Backend; readonly threads: number; readonly slotsTotal: number },
): Promise<OpenedModel> {
  const { threads, slotsTotal } = wanted
  const prepared = prepareGraph(files)
  const portable = async () =>
    (await openPortableModel(prepared, files.config, threads)) as unknown as TokenModel<unknown>
  if (wanted.backend === 'portable') return { model: await portable(), backend: 'portable' }
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

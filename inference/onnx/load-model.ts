/** From a folder to a model that can decode, inside the engine process. */
import type { CryptoPort } from '#protocol/crypto/port.ts'
import type { DecodingParts } from '../decoding/generation.ts'
import { scheduleDigest } from '../decoding/schedule.ts'
import { loadChatTokenizer } from '../model/chat-tokenizer.ts'
import { type Model, readModel } from '../model/read-model.ts'
import { calibrationBytes } from './cache/calibration.ts'
import type { KvCache } from './cache/kv-cache.ts'
import { contextThatFits } from './context-cap.ts'
import { deviceClass } from './device/class.ts'
import { cacheBytesPerToken, readSignature } from './graph/signature.ts'
import { readGraphValues } from './graph/values.ts'
import { openModel } from './open-model.ts'
import type { LoadMessage, ReadyMessage } from './process/messages.ts'
import { onnxLibrary, onnxRuntimeDigest } from './runtime.ts'

export interface LoadedModel extends DecodingParts<unknown> {
  readonly ready: ReadyMessage
}

/**
 * @throws ConfigError those of readModel, loadChatTokenizer and openModel;
 *   MODEL_NEEDS_MORE_MEMORY when weights and caches of all slots exceed the limit
 */
export async function loadModel(load: LoadMessage, crypto: CryptoPort): Promise<LoadedModel> {
  const files = await readModel(load.folder, crypto)
  const tokenizer = loadChatTokenizer(files.files)
  const config = { ...files.config, contextTokens: contextOf(files, load) }
  const { model, backend, kvCache, fallback } = await openModel({ ...files, config }, load)

  const library = onnxLibrary()
  const hardware = await deviceClass(load.device)
  const digestWith = (cache: KvCache) =>
    scheduleDigest(crypto, { library, hardware, pieceTokens: model.pieceTokens, kvCache: cache })
  return {
    model,
    tokenizer,
    crypto,
    ready: {
      kind: 'ready',
      engine: engineName(library, [backend, kvCache], load),
      ...(fallback === undefined ? {} : { fallback }),
      modelRoot: files.root,
      runtimeDigest: onnxRuntimeDigest(crypto, load.device),
      kvCache,
      scheduleDigest: digestWith(kvCache),
      otherCacheDigest: digestWith(kvCache === 'int8' ? 'graph' : 'int8'),
      contextTokens: model.contextTokens,
      modelContextTokens: files.config.contextTokens,
      vocabularySize: model.vocabularySize,
    },
  }
}

function engineName(
  library: string,
  [backend, kvCache]: readonly [string, KvCache],
  { device, simulatesDeviceMemory = false }: LoadMessage,
): string {
  const parts = [
    backend,
    device,
    ...(kvCache === 'int8' ? ['int8 cache'] : []),
    ...(simulatesDeviceMemory ? ['simulated device memory'] : []),
  ]
  return `${library} (${parts.join(', ')})`
}

/** Before anything is loaded: how long sequences may get beside the weights. */
function contextOf(
  { files, graphPath, manifest, config }: Model,
  { slotsTotal, memoryLimitBytes, contextTokens, kvCache }: LoadMessage,
): number {
  const signature = readSignature(readGraphValues(files.get(graphPath) ?? new Uint8Array()))
  return contextThatFits({
    modelTokens: config.contextTokens,
    capTokens: contextTokens,
    cacheBytesPerToken: cacheBytesPerToken(signature, kvCache === 'int8' ? 'int8' : undefined),
    calibrationBytes: kvCache === 'int8' ? calibrationBytes(signature) : 0,
    weightBytes: manifest.reduce((sum, entry) => sum + entry.sizeBytes, 0),
    ...{ slotsTotal, memoryLimitBytes },
  })
}

/** From a folder to a model that can decode, inside the engine process. */
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { ConfigError } from '#protocol/errors.ts'
import type { DecodingParts } from '../decoding/generation.ts'
import { scheduleDigest } from '../decoding/schedule.ts'
import { loadChatTokenizer } from '../model/chat-tokenizer.ts'
import { readModel } from '../model/read-model.ts'
import { instructionSetClass } from './instruction-set.ts'
import type { LoadMessage, ReadyMessage } from './messages.ts'
import { type KeyValueCache, openOnnxModel } from './onnx-model.ts'
import { onnxLibrary, onnxRuntimeDigest } from './runtime.ts'

export interface LoadedModel extends DecodingParts<KeyValueCache> {
  readonly ready: ReadyMessage
}

/**
 * @throws ConfigError those of readModel, loadChatTokenizer and openOnnxModel;
 *   MODEL_NEEDS_MORE_MEMORY when weights and full caches of all slots exceed the limit
 */
export async function loadModel(load: LoadMessage, crypto: CryptoPort): Promise<LoadedModel> {
  const files = await readModel(load.folder, crypto)
  const tokenizer = loadChatTokenizer(files.files)
  const model = await openOnnxModel(files, load.threads)
  const weightBytes = files.manifest.reduce((sum, entry) => sum + entry.sizeBytes, 0)
  const cacheBytes = model.cacheBytesPerToken * model.contextTokens * load.slotsTotal
  checkMemory(weightBytes + cacheBytes, load.memoryLimitBytes)

  const library = onnxLibrary()
  const instructionSet = await instructionSetClass(process.platform, process.arch)
  return {
    model,
    tokenizer,
    crypto,
    ready: {
      kind: 'ready',
      engine: `${library} (cpu)`,
      modelRoot: files.root,
      runtimeDigest: onnxRuntimeDigest(crypto),
      scheduleDigest: scheduleDigest(crypto, library, instructionSet),
      contextTokens: model.contextTokens,
      vocabularySize: model.vocabularySize,
    },
  }
}

function checkMemory(neededBytes: number, limitBytes: number): void {
  if (neededBytes <= limitBytes) return
  throw new ConfigError('MODEL_NEEDS_MORE_MEMORY', 'weights and caches exceed the memory limit', {
    remedy: 'Raise the memory limit, use fewer slots or a smaller model.',
    data: { neededBytes, limitBytes },
  })
}

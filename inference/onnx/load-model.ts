/** From a folder to a model that can decode, inside the engine process. */
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { ConfigError } from '#protocol/errors.ts'
import type { DecodingParts } from '../decoding/generation.ts'
import { scheduleDigest } from '../decoding/schedule.ts'
import { loadChatTokenizer } from '../model/chat-tokenizer.ts'
import { type Model, readModel } from '../model/read-model.ts'
import { cacheBytesPerToken, readSignature } from './graph-signature.ts'
import { readGraphValues } from './graph-values.ts'
import { instructionSetClass } from './instruction-set.ts'
import type { LoadMessage, ReadyMessage } from './messages.ts'
import { openModel } from './open-model.ts'
import { onnxLibrary, onnxRuntimeDigest } from './runtime.ts'

export interface LoadedModel extends DecodingParts<unknown> {
  readonly ready: ReadyMessage
}

/**
 * @throws ConfigError those of readModel, loadChatTokenizer and openModel;
 *   MODEL_NEEDS_MORE_MEMORY when weights and full caches of all slots exceed the limit
 */
export async function loadModel(load: LoadMessage, crypto: CryptoPort): Promise<LoadedModel> {
  const files = await readModel(load.folder, crypto)
  const tokenizer = loadChatTokenizer(files.files)
  checkMemory(files, load)
  const { model, backend, fallback } = await openModel(files, load)

  const library = onnxLibrary()
  const instructionSet = await instructionSetClass(process.platform, process.arch)
  return {
    model,
    tokenizer,
    crypto,
    ready: {
      kind: 'ready',
      engine: `${library} (${backend}, cpu)`,
      ...(fallback === undefined ? {} : { fallback }),
      modelRoot: files.root,
      runtimeDigest: onnxRuntimeDigest(crypto),
      scheduleDigest: scheduleDigest(crypto, library, instructionSet),
      contextTokens: model.contextTokens,
      vocabularySize: model.vocabularySize,
    },
  }
}

/** Before anything is loaded: what weights and full caches of all slots take. */
function checkMemory(files: Model, { slotsTotal, memoryLimitBytes }: LoadMessage): void {
  const graph = files.files.get(files.graphPath) ?? new Uint8Array()
  const signature = readSignature(readGraphValues(graph))
  const weightBytes = files.manifest.reduce((sum, entry) => sum + entry.sizeBytes, 0)
  const cacheBytes = cacheBytesPerToken(signature) * files.config.contextTokens * slotsTotal
  const neededBytes = weightBytes + cacheBytes
  if (neededBytes <= memoryLimitBytes) return
  throw new ConfigError('MODEL_NEEDS_MORE_MEMORY', 'weights and caches exceed the memory limit', {
    remedy: 'Raise the memory limit, use fewer slots or a smaller model.',
    data: { neededBytes, limitBytes: memoryLimitBytes },
  })
}

/** Which engine a provider runs: its own in a child process, or one behind an upstream server. */
import { isEncoderFolder, readEncoder } from '#inference/embedding/encoder-files.ts'
import { createEmbeddingEngine } from '#inference/embedding/onnx-embedding-engine.ts'
import { loadChatTokenizer } from '#inference/model/chat-tokenizer.ts'
import type { ModelFiles } from '#inference/model/manifest.ts'
import { type Model, readModel, readTokenizerFiles } from '#inference/model/read-model.ts'
import { kvCacheUnsupported } from '#inference/onnx/cache/kv-cache.ts'
import { createOnnxEngine } from '#inference/onnx/onnx-engine.ts'
import { createUpstreamEngine } from '#inference/upstream/upstream-engine.ts'
import { equal } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { asCocoonError } from '#protocol/errors.ts'
import { systemClock as clock } from '../clock.ts'
import type { WholeModel } from '../models/shared-model.ts'
import type { ProviderOptions } from '../roles/peer-options.ts'
import { EmbeddingWork } from '../roles/provider/embedding-work.ts'
import { WorkMeter } from '../roles/provider/work-meter.ts'
import type { UpstreamStatus } from '../status/status-document.ts'
import { deviceEnvironment } from './device-environment.ts'
import { engineLog } from './engine-log.ts'
import { startLaunched } from './launched.ts'
import { networkRoot, rootMismatch } from './network-root.ts'
import type { EnginePlace } from './tier.ts'
import { watchUpstream } from './watch-upstream.ts'

export interface ProviderEngine {
  readonly place: EnginePlace
  readonly work: WorkMeter
  /** Undefined: the model embeds. */
  readonly tokenizer: ReturnType<typeof loadChatTokenizer> | undefined
  /** The whole model; undefined where only its small files are on this machine. */
  readonly model: WholeModel | undefined
  readonly upstream: () => UpstreamStatus | null
}

/**
 * Starts the engine that the options name; it ends with the stack.
 * @throws ConfigError, UnavailableError of the engine and of the model's files
 */
export async function startEngine(
  options: ProviderOptions,
  cleanup: AsyncDisposableStack,
  onChange: () => void,
): Promise<ProviderEngine> {
  const { upstream, launch, modelFolder, kvCache } = options
  if ((upstream ?? launch) !== undefined && kvCache === 'int8') {
    throw kvCacheUnsupported('a server behind this node keeps its own')
  }
  if (launch !== undefined) return startLaunched(options, launch, cleanup, onChange)
  if (upstream !== undefined) return startUpstream(options, upstream, cleanup, onChange)
  const embeds = await isEncoderFolder(modelFolder)
  if (embeds && kvCache === 'int8') throw kvCacheUnsupported('an embedding model has none')
  return embeds ? startEmbedding(options, cleanup) : startOwn(options, cleanup)
}

async function startEmbedding(
  options: ProviderOptions,
  cleanup: AsyncDisposableStack,
): Promise<ProviderEngine> {
  const { modelFolder: folder, modelId, memoryLimitBytes, threads } = options
  const expectedRoot = networkRoot(options)
  const engine = await createEmbeddingEngine({
    ...{ folder, modelId, clock },
    ...(memoryLimitBytes === undefined ? {} : { memoryLimitBytes }),
    ...(threads === undefined ? {} : { threads }),
    ...(expectedRoot === undefined ? {} : { expectedRoot }),
  })
  const work = new WorkMeter(cleanup.use(new EmbeddingWork(engine, crypto)), clock)
  const model = await readEncoder(folder, crypto)
  return { place: 'own-process', work, tokenizer: undefined, model, upstream: () => null }
}

async function startOwn(
  options: ProviderOptions,
  cleanup: AsyncDisposableStack,
): Promise<ProviderEngine> {
  const { log, modelId, modelFolder, slotsTotal } = options
  const { contextTokens, memoryLimitBytes, threads, device, kvCache } = options
  const expectedRoot = networkRoot(options)
  const engine = await createOnnxEngine({
    ...{ folder: modelFolder, modelId, slotsTotal, clock, alarm },
    ...{ contextTokens, memoryLimitBytes, threads, device, kvCache },
    environment: deviceEnvironment(),
    log: engineLog(log),
    ...(expectedRoot === undefined ? {} : { expectedRoot }),
  })
  const work = new WorkMeter(cleanup.use(engine), clock)
  const model = await readModel(modelFolder, crypto)
  const tokenizer = loadChatTokenizer(model.files)
  return { place: 'own-process', work, tokenizer, model, upstream: () => null }
}

async function startUpstream(
  options: ProviderOptions,
  { url, model: upstreamModel, dialect, apiKey }: NonNullable<ProviderOptions['upstream']>,
  cleanup: AsyncDisposableStack,
  onChange: () => void,
): Promise<ProviderEngine> {
  const { log, modelId, slotsTotal } = options
  const { files, modelRoot, model } = await localModel(options)
  const engine = await createUpstreamEngine({
    ...{ url, modelId, upstreamModel, dialect, apiKey, files, modelRoot, slotsTotal },
    ...{ crypto, clock },
    fetch: globalThis.fetch,
    timeoutSignal: AbortSignal.timeout,
    log: (event, data) => log.warn(data, event),
  })
  cleanup.use(engine)
  watchUpstream(engine, cleanup, onChange)
  const status = (): UpstreamStatus => ({
    url: new URL(url).origin,
    dialect: engine.dialect,
    state: engine.state,
    trouble: engine.trouble?.code ?? null,
    exactTokenIds: engine.info.exactTokenIds !== false,
    launch: null,
  })
  const tokenizer = loadChatTokenizer(files)
  return {
    place: 'upstream',
    work: new WorkMeter(engine, clock, () => engine.state === 'ready'),
    tokenizer,
    model,
    upstream: status,
  }
}

interface LocalModel {
  readonly files: ModelFiles
  readonly modelRoot: Uint8Array
  readonly model: Model | undefined
}

/**
 * The tokenizer that counts, and the root that is offered. A whole folder is hashed; where only the small
 * files are here, the root is the network file's word for this model.
 * @throws ConfigError MODEL_ROOT_MISMATCH, MODEL_FILE_MISSING and what the files are refused for
 */
async function localModel(options: ProviderOptions): Promise<LocalModel> {
  const { modelFolder, log, modelId } = options
  const expected = networkRoot(options)
  const model = await readModel(modelFolder, crypto).catch((thrown: unknown) => {
    if (asCocoonError(thrown).code === 'MODEL_FILE_MISSING') return undefined
    throw thrown
  })
  if (model !== undefined) {
    if (expected !== undefined && !equal(expected, model.root)) throw rootMismatch(modelId)
    return { files: model.files, modelRoot: model.root, model }
  }
  const files = await readTokenizerFiles(modelFolder)
  if (expected === undefined) throw rootMismatch(modelId)
  log.warn({ modelId }, 'no weights here: the root of the model is what the network file says')
  return { files, modelRoot: expected, model: undefined }
}

function alarm(delayMs: number, ring: () => void): () => void {
  const timer = setTimeout(ring, delayMs)
  return () => clearTimeout(timer)
}

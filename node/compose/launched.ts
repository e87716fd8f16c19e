/** An engine behind a server that this node launches and measures: inside the TEE that this node is in. */
import { loadChatTokenizer } from '#inference/model/chat-tokenizer.ts'
import type { ModelFiles } from '#inference/model/manifest.ts'
import { type Model, readModel, readTokenizerFiles } from '#inference/model/read-model.ts'
import { badOption } from '#inference/upstream/errors.ts'
import { launchDigest } from '#inference/upstream/launch/digest.ts'
import { createUpstreamEngine } from '#inference/upstream/upstream-engine.ts'
import { equal, fromHex, toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { asCocoonError } from '#protocol/errors.ts'
import { systemClock as clock } from '../clock.ts'
import { readDescription } from '../launch/description-file.ts'
import { type LaunchedServer, startLaunchedServer } from '../launch/launched-server.ts'
import { LAUNCH_FOLDER_DEFAULT } from '../launch/private-folder.ts'
import type { LaunchPlace, ProviderOptions } from '../roles/peer-options.ts'
import { WorkMeter } from '../roles/provider/work-meter.ts'
import type { UpstreamStatus } from '../status/status-document.ts'
import type { ProviderEngine } from './engine.ts'
import { networkRoot, rootMismatch } from './network-root.ts'
import { watchUpstream } from './watch-upstream.ts'

/**
 * Reads the description once: what is started is what was read, and its digest is what is quoted.
 * @throws ConfigError LAUNCH_INVALID, LAUNCH_REFUSED, LAUNCH_FILE_CHANGED, LAUNCH_FOLDER, LAUNCH_UNSUPPORTED,
 *   MODEL_ROOT_MISMATCH, UPSTREAM_OPTION
 * @throws UnavailableError LAUNCH_FAILED, LAUNCH_LISTENER, and what createUpstreamEngine throws
 */
export async function startLaunched(
  options: ProviderOptions,
  { file, folder = LAUNCH_FOLDER_DEFAULT }: LaunchPlace,
  cleanup: AsyncDisposableStack,
  onChange: () => void,
): Promise<ProviderEngine> {
  if (options.upstream !== undefined) throw badOption('url', 'this node launches its own server')
  const description = await readDescription(file)
  const { log, modelId, modelFolder, slotsTotal, startSignal: signal } = options
  const modelRoot = fromHex(description.model.root)
  const expected = networkRoot(options)
  if (expected !== undefined && !equal(expected, modelRoot)) throw rootMismatch(modelId)
  let look: () => void = () => undefined
  const server = cleanup.use(
    await startLaunchedServer({
      ...{ description, modelFolder, parentFolder: folder, clock, signal },
      log: (event, data) => log.warn(data, event),
      onChange: () => {
        onChange()
        look()
      },
    }),
  )
  const { files, model } = await copiedModel(server, modelRoot, modelId)
  const launch = launchDigest(crypto, description)
  const engine = cleanup.use(
    await createUpstreamEngine({
      ...{ url: server.url, modelId, files, modelRoot, slotsTotal, crypto, clock },
      upstreamModel: description.servedModel,
      dialect: description.dialect,
      launchDigest: launch,
      fetch: server.fetch,
      timeoutSignal: AbortSignal.timeout,
      log: (event, data) => log.warn(data, event),
    }),
  )
  look = watchUpstream(engine, cleanup, onChange)
  const status = (): UpstreamStatus => ({
    url: server.url,
    dialect: engine.dialect,
    state: server.isReady ? engine.state : 'unreachable',
    trouble: (server.isReady ? engine.trouble : server.trouble)?.code ?? null,
    exactTokenIds: engine.info.exactTokenIds !== false,
    launch: toHex(launch),
  })
  const isReady = () => server.isReady && engine.state === 'ready'
  return {
    place: 'launched',
    work: new WorkMeter(engine, clock, isReady),
    tokenizer: loadChatTokenizer(files),
    model,
    upstream: status,
  }
}

/**
 * The tokenizer that counts, out of the copy that the server sees. Where the description lists a whole model of
 * this program's layout its root is computed; weights of other layouts are bound by their digests in the
 * description, and that they are the model of this root is what whoever lists the launch vouches for.
 * @throws ConfigError MODEL_ROOT_MISMATCH and what the files are refused for
 */
async function copiedModel(
  { modelFolder }: LaunchedServer,
  root: Uint8Array,
  modelId: string,
): Promise<{ readonly files: ModelFiles; readonly model: Model | undefined }> {
  const model = await readModel(modelFolder, crypto).catch((thrown: unknown) => {
    if (asCocoonError(thrown).code === 'MODEL_FILE_MISSING') return undefined
    throw thrown
  })
  if (model === undefined) return { files: await readTokenizerFiles(modelFolder), model }
  if (!equal(model.root, root)) throw rootMismatch(modelId)
  return { files: model.files, model }
}

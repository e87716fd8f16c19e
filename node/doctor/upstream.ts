/** Looks at the configured upstream server as a provider's start would, trial token included. */
import { readTokenizerFiles } from '#inference/model/read-model.ts'
import { createUpstreamEngine } from '#inference/upstream/upstream-engine.ts'
import { systemClock } from '#node/clock.ts'
import type { Settings } from '#node/config.ts'
import type { NetworkFile } from '#node/testnet/network-file.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { ConfigError } from '#protocol/errors.ts'
import { modelHere } from './model-here.ts'

export interface UpstreamView {
  readonly engine: string
  readonly model: string
  readonly exactTokenIds: boolean
}

/**
 * @throws ConfigError MODEL_FOLDER_MISSING where the local files of the model are not known
 * @throws what createUpstreamEngine throws
 */
export async function lookAtUpstream(
  url: string,
  settings: Settings,
  network: Pick<NetworkFile, 'models'> | undefined,
): Promise<UpstreamView> {
  const { upstreamModel, upstreamDialect: dialect, upstreamKey: apiKey } = settings
  const model = modelHere(settings, network)
  if (model?.folder === undefined) {
    throw new ConfigError('MODEL_FOLDER_MISSING', 'the files of the model are not here', {
      remedy: 'Name a network whose file says where the model lies.',
    })
  }
  await using engine = await createUpstreamEngine({
    ...{ url, modelId: model.id, upstreamModel, dialect, apiKey, crypto: nodeCrypto },
    files: await readTokenizerFiles(model.folder),
    modelRoot: new Uint8Array(32),
    clock: systemClock,
    fetch: globalThis.fetch,
    timeoutSignal: AbortSignal.timeout,
  })
  const exactTokenIds = engine.info.exactTokenIds !== false
  return { engine: engine.info.engine, model: upstreamModel ?? model.id, exactTokenIds }
}

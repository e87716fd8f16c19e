/** Which models the owner's peers know, where their files are, and what is handed on. */
import path from 'node:path'
import type { Settings } from '#node/config.ts'
import { withKnownModels } from '#node/models/known-models.ts'
import { ModelNames } from '#node/models/names.ts'
import { publicationDocument } from '#node/models/publication-document.ts'
import { ModelStore } from '#node/models/store.ts'
import type { NetworkFile } from '#node/testnet/network-file.ts'
import type { ProviderConfig } from '#node/testnet/peer-config.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { ConfigError } from '#protocol/errors.ts'
import type { PeerHome } from './peer-home.ts'

const KIB = 1024

/** The home of a client, whose network knows the owner's pins and the models of the store. */
export function withKnownModelsOf(home: PeerHome, { dataRoot }: Settings): PeerHome {
  return releasing(home, () => {
    const network = known(home.network, dataRoot)
    return { ...home, network }
  })
}

/**
 * The same for a provider, with the model that it serves; the store keeps that model until `release`.
 * @throws ConfigError MODEL_UNKNOWN, MODEL_FOLDER_MISSING; the home is released then
 */
export function withServedModel(
  opened: PeerHome,
  { dataRoot, model }: Settings,
  folder: string | undefined,
) {
  return releasing(opened, () => {
    const network = known(opened.network, dataRoot)
    const store = new ModelStore(dataRoot)
    const served = servedModel(model, folder, network, store)
    const use = store.use(served.modelFolder)
    return { home: { ...opened, network }, served, release: () => use.release() }
  })
}

/** Undefined: the owner hands out no weights. */
export function shareOptions(settings: Settings): ProviderConfig['share'] {
  const { shareModels: licence, shareRateKib, shareDayMib, dataRoot } = settings
  if (licence === undefined) return undefined
  const publications = new ModelNames(dataRoot, crypto)
    .publications()
    .map((one) => JSON.stringify(publicationDocument(one)))
  const bytesPerDay = shareDayMib * KIB * KIB
  return { licence, bytesPerS: shareRateKib * KIB, bytesPerDay, publications }
}

function known(network: NetworkFile, dataRoot: string): NetworkFile {
  return withKnownModels(network, new ModelStore(dataRoot), new ModelNames(dataRoot, crypto))
}

function releasing<T>({ folder }: PeerHome, task: () => T): T {
  try {
    return task()
  } catch (error) {
    folder.release()
    throw error
  }
}

/** By its name, also by that of the store where a pin calls it otherwise, or by the beginning of its root. */
function servedModel(
  selector: Settings['model'],
  folder: string | undefined,
  network: NetworkFile,
  store: ModelStore,
): { readonly modelId: string; readonly modelFolder: string } {
  const isMeant = ({ id, root }: NetworkFile['models'][number]) =>
    id === selector || (/^[0-9a-f]{8,64}$/.test(selector ?? '') && root.startsWith(selector ?? ''))
  const storedRoot = () => store.list().models.find(({ name }) => name === selector)?.rootHex
  const ofRoot = (rootHex: string | undefined) =>
    network.models.find(({ root }) => root === rootHex)
  const model =
    selector === undefined
      ? network.models[0]
      : (network.models.find(isMeant) ?? ofRoot(storedRoot()))
  if (model === undefined) {
    const ids = network.models.map((one) => one.id).join(', ')
    throw new ConfigError('MODEL_UNKNOWN', `neither this network nor the store has ${selector}`, {
      remedy: `Serve one of: ${ids}; or get it with \`cocoon models pull\`.`,
    })
  }
  const modelFolder = folder ?? model.folder
  if (modelFolder !== undefined)
    return { modelId: model.id, modelFolder: path.resolve(modelFolder) }
  throw new ConfigError('MODEL_FOLDER_MISSING', `where are the files of ${model.id}?`, {
    remedy: `Run \`cocoon models pull --root ${model.root}\`, or name their folder with --model-folder.`,
  })
}

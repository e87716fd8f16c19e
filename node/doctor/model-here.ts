/** Where the files of a model lie on this machine, as the network file or the store says. */
import type { Settings } from '#node/config.ts'
import { ModelStore } from '#node/models/store.ts'
import type { NetworkFile } from '#node/testnet/network-file.ts'

/** Undefined: the network does not know the model, or there is none. */
export function modelHere(
  { model: id }: Pick<Settings, 'model'>,
  network: Pick<NetworkFile, 'models'> | undefined,
): NetworkFile['models'][number] | undefined {
  const models = network?.models ?? []
  return id === undefined ? models[0] : models.find((one) => one.id === id)
}

/** Where the files of a model lie that is known by its root: as the network file says, else in the store. */
export function folderOfRoot(
  rootHex: string,
  network: Pick<NetworkFile, 'models'> | undefined,
  dataRoot: string,
): string | undefined {
  const listed = network?.models.find(({ root }) => root === rootHex)?.folder
  return listed ?? new ModelStore(dataRoot).has(rootHex)?.folder
}

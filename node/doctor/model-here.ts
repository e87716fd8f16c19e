/** Where the files of the configured model lie, as the network file says. */
import type { Settings } from '#node/config.ts'
import type { NetworkFile } from '#node/testnet/network-file.ts'

/** Undefined: the network does not know the model, or there is none. */
export function modelHere(
  { model: id }: Pick<Settings, 'model'>,
  network: Pick<NetworkFile, 'models'> | undefined,
): NetworkFile['models'][number] | undefined {
  const models = network?.models ?? []
  return id === undefined ? models[0] : models.find((one) => one.id === id)
}

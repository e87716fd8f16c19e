/** The models of a network as this machine knows them: with folders of the store, pins and own names. */
import type { NetworkFile } from '#node/testnet/network-file.ts'
import type { ModelNames } from './names.ts'
import type { ModelStore } from './store.ts'

const MODELS_MAX = 64

/**
 * The network's models first, with the store's folder where none was named; then what the owner named. A pin
 * goes before the network file; what a model is called in the store goes after it.
 */
export function withKnownModels(
  network: NetworkFile,
  store: ModelStore,
  names: ModelNames,
): NetworkFile {
  const models = network.models.map((listed) => {
    const pinned = names.pinned(listed.id)?.rootHex ?? listed.root
    const model = pinned === listed.root ? listed : { id: listed.id, root: pinned }
    const folder = model.folder ?? store.has(model.root)?.folder
    return folder === undefined ? model : { ...model, folder }
  })
  const own = [
    ...Object.entries(names.pins()).map(([id, root]) => ({ id, root })),
    ...store.list().models.map(({ name, rootHex }) => ({ id: name, root: rootHex })),
  ]
  for (const { id, root } of own) {
    if (models.length >= MODELS_MAX || models.some((one) => one.id === id)) continue
    if (models.some((one) => one.root === root)) continue
    const folder = store.has(root)?.folder
    models.push({ id, root, ...(folder === undefined ? {} : { folder }) })
  }
  return { ...network, models }
}

/** The root that a network gives a model, and the error where the files have another one. */
import { fromHex } from '#protocol/bytes.ts'
import { ConfigError } from '#protocol/errors.ts'
import type { ProviderOptions } from '../roles/peer-options.ts'

/** 32 bytes; undefined: the network does not know the model. */
export function networkRoot({ network, modelId }: ProviderOptions): Uint8Array | undefined {
  const model = network.models.find((one) => one.id === modelId)
  return model === undefined ? undefined : fromHex(model.root)
}

export function rootMismatch(modelId: string): ConfigError {
  return new ConfigError('MODEL_ROOT_MISMATCH', `the folder is not the network's ${modelId}`, {
    remedy: 'Restore the model files, or use the network file that belongs to them.',
  })
}

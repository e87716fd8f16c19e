/**
 * The models a client can ask for: those of its network file. Their tokenizers are read from this machine,
 * else fetched from peers; they are hashed, so the tokenizer that counts here is the one the root names.
 */
import type { ChatTokenizer } from '#inference/engine.ts'
import { loadChatTokenizer } from '#inference/model/chat-tokenizer.ts'
import { parseModelConfig } from '#inference/model/model-config.ts'
import { readModel } from '#inference/model/read-model.ts'
import type { TokenizerFiles } from '#node/models/tokenizer-files.ts'
import type { NetworkFile } from '#node/testnet/network-file.ts'
import { fromHex, toHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { ConfigError } from '#protocol/errors.ts'

export interface KnownModel {
  readonly id: string
  readonly root: Uint8Array
  readonly rootHex: string
  /** Undefined: this machine does not hold the model's files. */
  readonly folder: string | undefined
}

interface LoadedModel {
  readonly tokenizer: ChatTokenizer
  readonly contextTokens: number
}

export class ClientModels {
  readonly all: readonly KnownModel[]
  readonly #crypto: CryptoPort
  readonly #elsewhere: TokenizerFiles | undefined
  readonly #loaded = new Map<string, Promise<LoadedModel>>()

  /** @param elsewhere where the tokenizer of a model comes from that is not on this machine */
  constructor(network: NetworkFile, crypto: CryptoPort, elsewhere?: TokenizerFiles) {
    this.#crypto = crypto
    this.#elsewhere = elsewhere
    this.all = network.models.map(({ id, root, folder }) => ({
      id,
      root: fromHex(root),
      rootHex: root,
      folder,
    }))
  }

  /** @throws ConfigError MODEL_UNKNOWN */
  find(id: string): KnownModel {
    const model = this.all.find((one) => one.id === id)
    if (model !== undefined) return model
    throw new ConfigError('MODEL_UNKNOWN', `this network has no model "${id}"`, {
      remedy: `Use one of: ${this.all.map((one) => one.id).join(', ')}.`,
    })
  }

  /**
   * @throws ConfigError MODEL_FILES_MISSING, MODEL_ROOT_MISMATCH
   * @throws UnavailableError MODEL_SOURCES_EXHAUSTED when no peer hands out its tokenizer
   */
  load(model: KnownModel): Promise<LoadedModel> {
    const known = this.#loaded.get(model.rootHex)
    if (known !== undefined) return known
    const loading = this.#read(model).catch((error: unknown) => {
      this.#loaded.delete(model.rootHex)
      throw error
    })
    this.#loaded.set(model.rootHex, loading)
    return loading
  }

  async #read(model: KnownModel): Promise<LoadedModel> {
    if (model.folder === undefined && this.#elsewhere !== undefined) {
      const files = await this.#elsewhere.get(model.root)
      const { contextTokens } = parseModelConfig(files)
      return { tokenizer: loadChatTokenizer(files), contextTokens }
    }
    if (model.folder === undefined) {
      throw new ConfigError(
        'MODEL_FILES_MISSING',
        `the files of ${model.id} are not on this machine`,
        {
          remedy: 'Name the folder with its tokenizer in the network file.',
        },
      )
    }
    const { root, files, config } = await readModel(model.folder, this.#crypto)
    if (toHex(root) !== model.rootHex) {
      throw new ConfigError(
        'MODEL_ROOT_MISMATCH',
        `the files of ${model.id} are not the network's`,
        {
          remedy: 'Restore the model folder, or use the network file that belongs to it.',
          data: { found: toHex(root), wanted: model.rootHex },
        },
      )
    }
    return { tokenizer: loadChatTokenizer(files), contextTokens: config.contextTokens }
  }
}

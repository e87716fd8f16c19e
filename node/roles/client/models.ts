/**
 * The models a client can ask for: those of its network file. Their tokenizers are read from this machine,
 * else fetched from peers; they are hashed, so the tokenizer that counts here is the one the root names.
 */
import {
  type EncoderConfig,
  isEncoder,
  isEncoderFolder,
  parseEncoderConfig,
  readEncoder,
} from '#inference/embedding/encoder-files.ts'
import {
  type EncoderTokenizer,
  loadEncoderTokenizer,
} from '#inference/embedding/encoder-tokenizer.ts'
import type { ChatTokenizer } from '#inference/engine.ts'
import { loadChatTokenizer } from '#inference/model/chat-tokenizer.ts'
import type { ModelFiles } from '#inference/model/manifest.ts'
import { parseModelConfig } from '#inference/model/model-config.ts'
import { readModel } from '#inference/model/read-model.ts'
import type { TokenizerFiles } from '#node/models/tokenizer-files.ts'
import type { NetworkFile } from '#node/testnet/network-file.ts'
import { fromHex, toHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { ConfigError } from '#protocol/errors.ts'
import type { ModelKind } from '../client-service.ts'
import { cannotEmbed, embedsOnly } from '../shared/model-kind.ts'

export interface KnownModel {
  readonly id: string
  readonly root: Uint8Array
  readonly rootHex: string
  /** Undefined: this machine does not hold the model's files. */
  readonly folder: string | undefined
}

interface LoadedEncoder {
  readonly tokenizer: EncoderTokenizer
  readonly config: EncoderConfig
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
  readonly #encoders = new Map<string, Promise<LoadedEncoder>>()

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
      remedy: `Use one of: ${this.all.map((one) => one.id).join(', ')}. To buy another, say what it means with \`cocoon models pin NAME ROOT\` and start the client again.`,
    })
  }

  /** By the names of its files here; undefined: they are not on this machine. */
  async kindOf({ folder }: KnownModel): Promise<ModelKind | undefined> {
    if (folder === undefined) return undefined
    return (await isEncoderFolder(folder)) ? 'embedding' : 'chat'
  }

  /**
   * What counts texts for a model that embeds.
   * @throws ConfigError MODEL_CANNOT_EMBED, MODEL_FILES_MISSING, MODEL_ROOT_MISMATCH, and those of readEncoder
   * @throws UnavailableError MODEL_SOURCES_EXHAUSTED when no peer hands out its small files
   */
  async loadEncoder(model: KnownModel): Promise<LoadedEncoder> {
    if ((await this.kindOf(model)) === 'chat') throw cannotEmbed(model.id)
    return once(this.#encoders, model.rootHex, () => this.#readEncoder(model))
  }

  async #readEncoder(model: KnownModel): Promise<LoadedEncoder> {
    const { id, folder } = model
    if (folder === undefined) {
      const files = await this.#fetched(model)
      if (!isEncoder(files.keys())) throw cannotEmbed(id)
      const config = parseEncoderConfig(files)
      return { tokenizer: loadEncoderTokenizer(files, config), config }
    }
    const { root, files, config } = await readEncoder(folder, this.#crypto)
    checkRoot(model, root)
    return { tokenizer: loadEncoderTokenizer(files, config), config }
  }

  /**
   * @throws ConfigError MODEL_EMBEDS_ONLY, MODEL_FILES_MISSING, MODEL_ROOT_MISMATCH
   * @throws UnavailableError MODEL_SOURCES_EXHAUSTED when no peer hands out its tokenizer
   */
  async load(model: KnownModel): Promise<LoadedModel> {
    if ((await this.kindOf(model)) === 'embedding') throw embedsOnly(model.id)
    return once(this.#loaded, model.rootHex, () => this.#read(model))
  }

  async #read(model: KnownModel): Promise<LoadedModel> {
    if (model.folder === undefined) {
      const small = await this.#fetched(model)
      if (isEncoder(small.keys())) throw embedsOnly(model.id)
      const { contextTokens } = parseModelConfig(small)
      return { tokenizer: loadChatTokenizer(small), contextTokens }
    }
    const { root, files, config } = await readModel(model.folder, this.#crypto)
    checkRoot(model, root)
    return { tokenizer: loadChatTokenizer(files), contextTokens: config.contextTokens }
  }

  /** The small files, which peers hand out; what they are is what the root says. */
  async #fetched({ id, root }: KnownModel): Promise<ModelFiles> {
    if (this.#elsewhere === undefined) throw filesMissing(id)
    return this.#elsewhere.get(root)
  }
}

/** What is loading or loaded; a failure is tried again. */
function once<T>(loaded: Map<string, Promise<T>>, key: string, load: () => Promise<T>): Promise<T> {
  const known = loaded.get(key)
  if (known !== undefined) return known
  const loading = load().catch((error: unknown) => {
    loaded.delete(key)
    throw error
  })
  loaded.set(key, loading)
  return loading
}

function checkRoot({ id, rootHex }: KnownModel, root: Uint8Array): void {
  if (toHex(root) === rootHex) return
  throw new ConfigError('MODEL_ROOT_MISMATCH', `the files of ${id} are not the network's`, {
    remedy: 'Restore the model folder, or use the network file that belongs to it.',
    data: { found: toHex(root), wanted: rootHex },
  })
}

function filesMissing(id: string): ConfigError {
  return new ConfigError('MODEL_FILES_MISSING', `the files of ${id} are not on this machine`, {
    remedy: 'Name the folder with its tokenizer in the network file.',
  })
}

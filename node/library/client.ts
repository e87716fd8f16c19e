/** A client of the network inside another program: ask, stream, embed, look at money and proof, close. */
import type { AssuranceTier } from '#attestation/types.ts'
import type { ChatMessage } from '#inference/engine.ts'
import { sleep } from '#node/async.ts'
import { defaultTokensMax } from '#node/gateway/default-tokens.ts'
import type {
  ChannelView,
  ChatRequest,
  ClientService,
  EmbedRequest,
  EstimateView,
  ModelKind,
  ModelView,
  OfferView,
  ReceiptView,
  SettlementView,
} from '#node/roles/client-service.ts'
import { ConfigError } from '#protocol/errors.ts'
import { type Answer, AnswerStream } from './answer-stream.ts'
import { MODEL_KIND_WAIT_MS, OFFERS_POLL_MS } from './constants.ts'
import {
  type Embeddings,
  type EmbedInput,
  type EmbedOptions,
  embeddingsOf,
  embedRequestOf,
} from './embeddings.ts'
import { type SamplingOptions, samplingFrom } from './sampling.ts'

/** One question. Everything left out has the default of the HTTP API. */
export interface AskOptions extends SamplingOptions {
  /** Model id; by default the first model of the network that somebody offers. */
  readonly model?: string
  /** New tokens at most, 1 to 131072. */
  readonly maxTokens?: number
  /** What this answer may cost, in nanoTON; a dearer offer is not taken. */
  readonly maxPriceNano?: bigint
  /** What the provider must prove; `simulated` by default, which no main network accepts. */
  readonly tierMin?: AssuranceTier
  /** Cancels the request; what was received until then is paid and has a receipt. */
  readonly signal?: AbortSignal
}

/** A prompt, or a conversation. */
export type Question = string | readonly ChatMessage[]

export class CocoonClient implements AsyncDisposable {
  readonly #service: ClientService
  readonly #release: () => void
  #closed: Promise<void> | undefined

  /** Made by `connect()` and `Testnet.connect()`. */
  constructor(service: ClientService, release: () => void) {
    this.#service = service
    this.#release = release
  }

  /** libp2p peer id of this client. */
  get peerId(): string {
    return this.#service.peerId
  }

  /** Raw TON address of the wallet that pays; it needs coins before the first question. */
  get walletAddress(): string {
    return this.#service.walletAddress
  }

  /**
   * One whole answer, with its verdict, price and receipt.
   * @throws ConfigError MODEL_UNKNOWN, PROMPT_TOO_LONG, ASK_INVALID, SCHEMA_INVALID, SCHEMA_UNSUPPORTED,
   *   TOOLS_INVALID, TOOLS_UNSUPPORTED
   * @throws UnavailableError NO_PROVIDER; its data names each provider's reason
   */
  ask(question: Question, options: AskOptions = {}): Promise<Answer> {
    return this.stream(question, options).answer()
  }

  /**
   * The answer piece by piece: `for await (const text of client.stream('…'))`. Its `answer()` gives
   * verdict, price and receipt. Leaving the loop early cancels the request. Throws as `ask` does.
   */
  stream(question: Question, options: AskOptions = {}): AnswerStream {
    return new AnswerStream((signal) => this.#events(question, options, signal), options.signal)
  }

  /**
   * The vectors of texts: `const { vectors } = await client.embed(['a', 'b'])`. All from one provider.
   * @throws ConfigError MODEL_UNKNOWN, MODEL_CANNOT_EMBED, EMBEDDING_INPUT_INVALID, EMBEDDING_TOO_LARGE,
   *   EMBEDDING_DIMENSIONS, ASK_INVALID
   * @throws SettlementError PRICE_ABOVE_MAX
   * @throws UnavailableError NO_PROVIDER; its data names each provider's reason
   */
  async embed(input: EmbedInput, options: EmbedOptions = {}): Promise<Embeddings> {
    const { signal = new AbortController().signal } = options
    signal.throwIfAborted()
    const request = await this.#embedRequest(input, options)
    return embeddingsOf(await this.#service.embed(request, signal))
  }

  models(): Promise<readonly ModelView[]> {
    return this.#service.models()
  }

  /** Providers in the offer book now. */
  offers(): readonly OfferView[] {
    return this.#service.offers()
  }

  /** What the question would cost at most, and likely; nobody is asked, and no coin moves. */
  async estimate(question: Question, options: AskOptions = {}): Promise<EstimateView> {
    return this.#service.estimate(await this.#request(question, options))
  }

  /** What the vectors would cost, counted as for a chat; nobody is asked. Throws as `embed` does. */
  async estimateEmbed(input: EmbedInput, options: EmbedOptions = {}): Promise<EstimateView> {
    return this.#service.estimateEmbedding(await this.#embedRequest(input, options))
  }

  /** Newest first. */
  receipts(): readonly ReceiptView[] {
    return this.#service.receipts()
  }

  /** Payment channels, with what was deposited and used in nanoTON. */
  channels(): Promise<readonly ChannelView[]> {
    return this.#service.channels()
  }

  /** Closes every channel on the chain, so that unused deposits come back to the wallet. */
  settle(signal?: AbortSignal): Promise<readonly SettlementView[]> {
    return this.#service.settle(signal)
  }

  /** Resolves when somebody offers something, or after `timeoutMs`; false: nobody does. */
  async offered(timeoutMs: number): Promise<boolean> {
    const untilMs = performance.now() + timeoutMs
    while (this.#service.offers().length === 0) {
      if (performance.now() >= untilMs) return false
      await sleep(OFFERS_POLL_MS)
    }
    return true
  }

  /** Leaves the network; channels stay open and are used again next time. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#service.stop().finally(this.#release)
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async *#events(question: Question, options: AskOptions, signal: AbortSignal) {
    yield* this.#service.chat(await this.#request(question, options), signal)
  }

  async #embedRequest(input: EmbedInput, options: EmbedOptions): Promise<EmbedRequest> {
    const model = options.model ?? (await this.#defaultModel('embedding', options.signal))
    return embedRequestOf(input, model, options)
  }

  async #request(question: Question, options: AskOptions): Promise<ChatRequest> {
    const { maxPriceNano, tierMin } = options
    const model = options.model ?? (await this.#defaultModel('chat', options.signal))
    return {
      model,
      messages: typeof question === 'string' ? [{ role: 'user', content: question }] : question,
      maxTokens: options.maxTokens ?? (await defaultTokensMax(this.#service, model)),
      ...samplingFrom(options),
      ...(maxPriceNano === undefined ? {} : { maxPriceNano }),
      ...(tierMin === undefined ? {} : { tierMin }),
    }
  }

  /** What a model does is known by its files or by its offers: without either its first offer is waited for. */
  async #defaultModel(wanted: ModelKind, signal?: AbortSignal): Promise<string> {
    const untilMs = performance.now() + MODEL_KIND_WAIT_MS
    for (;;) {
      const models = (await this.#service.models()).filter(({ kind }) => kind === wanted)
      const model = models.find(({ providers }) => providers > 0) ?? models[0]
      if (model !== undefined) return model.id
      if (performance.now() >= untilMs) throw noModel(wanted)
      await sleep(OFFERS_POLL_MS, signal)
    }
  }
}

function noModel(kind: ModelKind): ConfigError {
  return new ConfigError('MODEL_UNKNOWN', `nobody offers a model of kind ${kind} here`, {
    remedy: 'Name one with `model`; `models()` says what there is.',
  })
}

/**
 * What the local API, the command line and the testnet ask of a running client. Implemented in
 * client.ts. Amounts leave here as bigint and become decimal strings only in JSON.
 */
import type { AssuranceTier, Verdict } from '#attestation/types.ts'
import type { ChatMessage, ChatToolCall } from '#inference/engine.ts'
import type { AuditReport } from '#node/audit/report.ts'
import type { SpendingView } from '#node/spending/spending.ts'
import type { Story } from '#node/why/story.ts'
import type { AskSampling } from '#protocol/ask.ts'
import type { NodeEvent } from './events.ts'

/** How the answer is drawn and what it must look like: as protocol/ask-document.ts has it. */
export interface ChatRequest extends AskSampling {
  readonly model: string
  readonly messages: readonly ChatMessage[]
  /** New tokens at most. */
  readonly maxTokens: number
  /** Cap for this request, or undefined: the client's own cap. */
  readonly maxPriceNano?: bigint
  readonly tierMin?: AssuranceTier
  /** The caller's own id of this request: `cocoon why` finds it by this one, too. */
  readonly callerId?: string
}

/** Texts to turn into vectors. */
export interface EmbedRequest {
  readonly model: string
  /** Texts, or ids of the model's vocabulary with its special tokens: 1 to EMBEDDING_INPUTS_MAX. */
  readonly inputs: readonly (string | readonly number[])[]
  /** Refused unless it is what the model gives. */
  readonly dimensions?: number | undefined
  /** Cap for this request, or undefined: the client's own cap. */
  readonly maxPriceNano?: bigint
  readonly tierMin?: AssuranceTier
  readonly callerId?: string
}

export interface EmbedResult {
  readonly requestId: string
  /** In the order of the inputs; finite numbers. */
  readonly vectors: readonly Float32Array[]
  readonly promptTokens: number
  /** Of all attempts. */
  readonly priceNano: bigint
  readonly provider: string
  readonly model: string
  readonly tier: AssuranceTier
  readonly receiptId: string
  readonly receiptFile: string
  readonly channel: string
}

export interface OfferView {
  readonly provider: string
  readonly peerId: string
  readonly modelId: string
  readonly modelRoot: string
  readonly tier: AssuranceTier
  readonly promptNanoPerMtok: bigint
  readonly cachedNanoPerMtok: bigint
  readonly completionNanoPerMtok: bigint
  readonly slotsFree: number
  readonly slotsTotal: number
  readonly queued: number
  readonly latencyMs: number | undefined
  readonly expiresAtMs: number
}

/** One line of the ranking: why this provider stands where it stands. */
export interface RouteView {
  readonly provider: string
  readonly rank: number
  readonly accepted: boolean
  readonly reasons: readonly string[]
  readonly estimatedPriceNano: bigint
}

export interface Usage {
  readonly promptTokens: number
  readonly cachedTokens: number
  readonly completionTokens: number
}

/** What a request was billed over all its attempts, its failed ones included. */
export interface Spent {
  readonly priceNano: bigint
  readonly promptTokens: number
  readonly completionTokens: number
}

/** What a request would cost, without asking anybody or moving a coin. */
export interface EstimateView {
  /** Counted with the model's own tokenizer and chat template. */
  readonly promptTokens: number
  readonly completionTokensMax: number
  /** In the order in which they would be asked, the refused ones last. */
  readonly offers: readonly RouteView[]
  /** Of the provider that would be asked first, if it produces every token. */
  readonly maxPriceNano: bigint
  /** Of the same provider, for an answer as long as this client's answers by this model were. */
  readonly expectedPriceNano: bigint
  readonly expectedCompletionTokens: number
  /** The most that any acceptable provider could bill. */
  readonly dearestPriceNano: bigint
}

export interface Timings {
  readonly discoverMs: number
  readonly attestMs: number
  readonly fundMs: number
  readonly firstTokenMs: number
  readonly totalMs: number
}

/** One token of an answer, whose bytes may be part of a character; a special token has none. */
export interface TextToken {
  readonly bytes: Uint8Array
  /** Natural logarithm, at most 0. */
  readonly logprob: number
  /** Most likely first. */
  readonly top: readonly { readonly bytes: Uint8Array; readonly logprob: number }[]
}

export interface ChatResult {
  readonly requestId: string
  /** Without calls of tools. */
  readonly text: string
  readonly toolCalls: readonly ChatToolCall[]
  /** Undefined: not asked for. */
  readonly logprobs?: readonly TextToken[] | undefined
  readonly finish: 'stop' | 'length'
  readonly usage: Usage
  readonly priceNano: bigint
  readonly provider: string
  readonly model: string
  readonly engine: string
  readonly tier: AssuranceTier
  readonly reason: string
  readonly offers: readonly RouteView[]
  readonly verdict: Verdict
  readonly receiptId: string
  readonly receiptFile: string
  readonly channel: string
  readonly timings: Timings
}

export type ChatEvent =
  /** The provider is chosen, attested and funded; nothing was generated yet. */
  | {
      readonly kind: 'routed'
      readonly requestId: string
      readonly provider: string
      readonly tier: AssuranceTier
    }
  | {
      readonly kind: 'text'
      readonly text: string
      readonly tokens: number
      readonly logprobs?: readonly TextToken[]
    }
  /** A call that is whole. */
  | { readonly kind: 'tool-call'; readonly index: number; readonly call: ChatToolCall }
  | { readonly kind: 'done'; readonly result: ChatResult }

/** A model answers chats, or embeds texts. */
export type ModelKind = 'chat' | 'embedding'

export interface ModelView {
  readonly id: string
  readonly kind: ModelKind
  readonly root: string
  readonly providers: number
  readonly contextTokens: number
}

export interface ReceiptView {
  readonly id: string
  readonly channel: string
  readonly provider: string
  readonly leafIndex: number
  readonly model: string
  readonly promptTokens: number
  readonly completionTokens: number
  readonly usedNano: bigint
  readonly finish: string
  readonly file: string
  readonly createdAtMs: number
}

export interface ChannelView {
  readonly address: string
  readonly role: 'client' | 'provider'
  readonly counterparty: string
  readonly status: 'opening' | 'open' | 'frozen' | 'closing' | 'closed'
  readonly depositedNano: bigint
  readonly voucherNano: bigint
  readonly usedNano: bigint
  readonly claimedNano: bigint
  readonly leafCount: number
  readonly receiptsRoot: string
  readonly expiresAt: number
}

export interface BidView {
  readonly provider: string
  readonly priceNano: bigint
  readonly finishInMs: number
  readonly tier: AssuranceTier
}

export interface JobView {
  readonly id: string
  readonly status: 'bidding' | 'running' | 'done' | 'failed'
  readonly model: string
  readonly lines: number
  readonly linesDone: number
  /** Billed for its lines so far. */
  readonly spentNano: bigint
  readonly bids: readonly BidView[]
  readonly winner: string | undefined
  readonly error: string | undefined
}

export interface JobLineResult {
  readonly index: number
  readonly customId: string | undefined
  readonly text: string | undefined
  readonly finish: string | undefined
  readonly receiptId: string | undefined
  readonly usage: Usage | undefined
  readonly error: string | undefined
}

export interface JobLine {
  readonly customId: string | undefined
  readonly messages: readonly ChatMessage[]
  readonly maxTokens: number
  /** Undefined: greedy, with seed 0 and no stop strings. */
  readonly sampling?: AskSampling | undefined
}

export interface SettlementView {
  readonly channel: string
  readonly depositedNano: bigint
  readonly claimedNano: bigint
  readonly refundedNano: bigint
  readonly receiptsRoot: string
  readonly feesNano: bigint
}

export interface ClientService {
  readonly name: string
  readonly peerId: string
  readonly walletAddress: string
  models(): Promise<readonly ModelView[]>
  offers(): readonly OfferView[]
  /**
   * @throws ConfigError MODEL_UNKNOWN, MODEL_EMBEDS_ONLY, PROMPT_TOO_LONG
   * @throws SettlementError PRICE_ABOVE_MAX, SPEND_CAP_REQUEST, SPEND_CAP_DAY, SPEND_CAP_PROVIDER
   * @throws UnavailableError NO_PROVIDER: data names each provider's reason
   * @param onSpent called once, when nothing more can be owed for the request: with the last event or
   * after it, also when the answer broke off
   */
  chat(
    request: ChatRequest,
    signal: AbortSignal,
    onSpent?: (spent: Spent) => void,
  ): AsyncIterable<ChatEvent>
  /** Throws as `chat` does. */
  estimate(request: ChatRequest): Promise<EstimateView>
  /**
   * The vectors of texts; whole from one provider, or from the next.
   * @throws ConfigError MODEL_UNKNOWN, MODEL_CANNOT_EMBED, EMBEDDING_INPUT_INVALID, EMBEDDING_TOO_LARGE,
   *   EMBEDDING_DIMENSIONS; and as `chat`
   */
  embed(
    request: EmbedRequest,
    signal: AbortSignal,
    onSpent?: (spent: Spent) => void,
  ): Promise<EmbedResult>
  /** No completion is counted or priced. Throws as `embed` does. */
  estimateEmbedding(request: EmbedRequest): Promise<EstimateView>
  /** Spend caps, and what was spent today. */
  spending(): SpendingView
  receipts(): readonly ReceiptView[]
  /** The stories of requests, newest first; of one request by any of its ids. */
  stories(idOrName?: string): readonly Story[]
  /** As the chain has them now; as last seen when it does not answer. */
  channels(): Promise<readonly ChannelView[]>
  /**
   * Raises the deposit of an open channel by coins of the wallet.
   * @throws ConfigError NOT_FOUND; SettlementError CHANNEL_NOT_OPEN, TRANSACTION_FAILED
   * @throws UnavailableError CHAIN_UNREACHABLE
   */
  topUpChannel(address: string, amountNano: bigint): Promise<ChannelView>
  /**
   * Closes one channel as `settle` closes all of them.
   * @throws ConfigError NOT_FOUND
   */
  closeChannel(address: string, signal?: AbortSignal): Promise<SettlementView | undefined>
  /** Explains every nanoTON of every channel. @throws UnavailableError CHAIN_UNREACHABLE */
  audit(): Promise<AuditReport>
  /** @param tierMin `simulated` by default */
  submitJob(
    model: string,
    lines: readonly JobLine[],
    priceCapNano?: bigint,
    tierMin?: AssuranceTier,
  ): Promise<JobView>
  jobs(): readonly JobView[]
  /** Ends a running job; lines that were answered keep their results. Idempotent. */
  cancelJob(id: string): void
  /** Resolves when the job has ended, at once when it has or is unknown. */
  jobEnded(id: string): Promise<void>
  /** In line order; undefined: no such job. */
  jobResults(id: string): readonly JobLineResult[] | undefined
  /** Closes every open channel cooperatively, after the provider claimed. */
  settle(signal?: AbortSignal): Promise<readonly SettlementView[]>
  events(signal: AbortSignal): AsyncIterable<NodeEvent>
  stop(): Promise<void>
}

/**
 * The engine: token ids in, token ids out. One contract suite, test/contracts/engine.ts, runs
 * against every implementation.
 */
import type { Agreement, ClaimedToken } from './verification/agreement.ts'

export interface SamplingParameters {
  /** 0 is greedy. Range 0 to 2. */
  readonly temperature: number
  /** Nucleus mass, (0, 1]. */
  readonly topP: number
  /** Random numbers are keyed by (seed, position), never by arrival order. */
  readonly seed: bigint
  /** Only the heaviest so many ids, 1 to TOP_K_MAX; absent: all. */
  readonly topK?: number | undefined
  /** Only ids with at least this share of the best one's probability, [0, 1]; absent: 0. */
  readonly minP?: number | undefined
  /** Divides positive and multiplies negative logits of ids in prompt or answer (Keskar et al., CTRL, 2019), 0.01 to 2; absent: 1. */
  readonly repetitionPenalty?: number | undefined
  /** Taken off an id's logit once for each time it is in the answer, -2 to 2; absent: 0. */
  readonly frequencyPenalty?: number | undefined
  /** Taken off an id's logit once if it is in the answer, -2 to 2; absent: 0. */
  readonly presencePenalty?: number | undefined
  /** Added to logits before anything else, -100 to 100 each, at most LOGIT_BIAS_MAX ids, each once. */
  readonly logitBias?: readonly LogitBias[] | undefined
}

export interface LogitBias {
  readonly id: number
  readonly bias: number
}

/** A function that an answer may call: `parameters` is the text of a JSON schema of its arguments. */
export interface ToolDeclaration {
  readonly name: string
  readonly parameters: string
}

/**
 * What the text of an answer must be; ids that would break it are never picked, and the end is picked
 * only where the document is whole. `schema` is the text of a JSON schema (docs/spec/structured-output.md
 * says which part of the standard is understood).
 */
export type OutputConstraint =
  | { readonly kind: 'json_object' }
  | { readonly kind: 'json_schema'; readonly schema: string }
  | {
      readonly kind: 'tool_calls'
      readonly tools: readonly ToolDeclaration[]
      /** `auto`: plain text, or calls; `required`: calls. */
      readonly mode: 'auto' | 'required'
      /** False: one call at most. */
      readonly parallel: boolean
    }

export interface GenerateRequest {
  /** At least 2 ids: a single token is never prefilled alone (docs/spec/exactness.md). */
  readonly promptTokenIds: readonly number[]
  /** The chat that the prompt was made of: only an upstream server that takes no ids is asked by it. */
  readonly messages?: readonly ChatMessage[] | undefined
  /** Ids of an answer that is continued (failover): read like a prompt, not generated again. */
  readonly resumeTokenIds: readonly number[]
  /** New tokens at most, >= 1. */
  readonly maxTokens: number
  readonly sampling: SamplingParameters
  /** Stop strings, <= 4; matched across token borders; the match is the last thing generated. */
  readonly stop: readonly string[]
  /** Absent: any text. */
  readonly constraint?: OutputConstraint | undefined
  /** With every token its log probability and those of so many most likely ids, 0 to TOP_LOGPROBS_MAX. */
  readonly topLogprobs?: number | undefined
  /**
   * What the engine read for one request may serve the next one with the same key and the same beginning.
   * Absent: nothing is kept or used. Never the same for two customers: a fast answer would tell one
   * what the other sent.
   */
  readonly cacheKey?: string | undefined
  /** Who goes first where requests wait: 0, the default, to QUEUE_PRIORITY_MAX, by what is paid. */
  readonly priority?: number | undefined
  /** Waits for its turn no longer than this, up to QUEUE_TIMEOUT_MAX_MS; absent: as long as it takes. */
  readonly queueTimeoutMs?: number | undefined
  /**
   * Told how many of those who wait go first: when the wait begins, whenever that changes, and undefined
   * when it is over, whether its turn came or not. Never called for a request that need not wait.
   */
  readonly onQueue?: ((ahead: number | undefined) => void) | undefined
  /**
   * Ids of an answer that is checked, at least one: each token event then says what would have been
   * picked, with the log probability of the claimed id, and the claimed id is gone on from. Ends early at
   * an id that cannot be.
   */
  readonly replayTokenIds?: readonly number[] | undefined
  readonly signal: AbortSignal
}

export type GenerateFinish = 'stop' | 'length' | 'cancelled'

export interface TopLogprob {
  readonly id: number
  readonly logprob: number
}

/**
 * Natural logarithms of softmax(logits), before temperature and the cuts but after bias, penalties and
 * constraint, as the id was drawn from them.
 */
export interface TokenLogprobs {
  readonly logprob: number
  /** Most likely first. */
  readonly top: readonly TopLogprob[]
}

export type GenerateEvent =
  /** Cumulative prompt tokens read so far, and how many of them were read for an earlier request. */
  | { readonly kind: 'prefilled'; readonly tokens: number; readonly cachedTokens: number }
  | { readonly kind: 'token'; readonly id: number; readonly logprobs?: TokenLogprobs | undefined }
  | { readonly kind: 'end'; readonly finish: GenerateFinish }

export interface EngineInfo {
  /** For example "onnxruntime-node 1.30.0 (native, cpu)". */
  readonly engine: string
  readonly modelId: string
  /** 32-byte root of the model's manifest, hashed while the weights were read. */
  readonly modelRoot: Uint8Array
  /** SHA-256 over engine name, versions and options that decide its output. */
  readonly runtimeDigest: Uint8Array
  /** SHA-256 over the decoding schedule's parameters (prefill chunk size, library). */
  readonly scheduleDigest: Uint8Array
  /** `int8`: keys and values are rounded to bytes, which the graph does not ask for. Absent: `graph`. */
  readonly kvCache?: 'graph' | 'int8'
  /** The schedule digest that the same engine has with the other cache. */
  readonly otherCacheDigest?: Uint8Array
  /** Positions of one request at most, its answer included. */
  readonly contextTokens: number
  /** What the model was made for, where an owner's cap or the memory may allow less. */
  readonly modelContextTokens?: number
  readonly slotsTotal: number
  /**
   * False: the ids spell the text of a server that gives none; they are not the ones that were sampled, so
   * nobody can count again or go on from them. Absent: true.
   */
  readonly exactTokenIds?: boolean
  /**
   * False: the device does not promise the same bits twice, so that a replay says `close` at best unless
   * every bit happens to be the same. Absent: true.
   */
  readonly exactBits?: boolean
}

export interface EngineLoad {
  readonly active: number
  readonly queued: number
}

/** In which steps an answer was made: what decides its bits beside model, prompt and parameters. */
interface AnswerSchedule {
  /** EngineInfo.scheduleDigest of who gave the answer; 32 bytes, in every receipt. */
  readonly digest: Uint8Array
  /** How many of the first tokens were read with the prompt (a failover), not decoded. */
  readonly resumedTokens: number
  /** EngineInfo.kvCache of who gave the answer; absent: what the digest tells, where it tells. */
  readonly kvCache?: 'graph' | 'int8' | undefined
}

export interface VerifyRequest
  extends Omit<
    GenerateRequest,
    'resumeTokenIds' | 'replayTokenIds' | 'maxTokens' | 'topLogprobs' | 'cacheKey'
  > {
  /** The whole answer, at least one token more than were resumed. */
  readonly answer: readonly ClaimedToken[]
  readonly schedule: AnswerSchedule
}

export interface Engine extends AsyncDisposable {
  readonly info: EngineInfo
  load(): EngineLoad
  /**
   * Pull-based: the engine runs at most ENGINE_WINDOW_EVENTS ahead of the reader, so a reader that
   * stops pulling stops the work. Leaving the loop cancels.
   * @throws ConfigError what checkRequest refuses, for example PROMPT_TOO_LONG, SAMPLING_OUT_OF_RANGE,
   *   SCHEMA_UNSUPPORTED; RESUME_BREAKS_CONSTRAINT
   * @throws UnavailableError ENGINE_BUSY when the queue is full, QUEUE_DEADLINE, ENGINE_CRASHED when the child died
   */
  generate(request: GenerateRequest): AsyncIterable<GenerateEvent>
  /**
   * Whether this model would have given an answer: replays it step by step beside whatever else is
   * decoded (docs/spec/exactness.md, "Verification"). Takes a slot like any request.
   * @throws ConfigError VERIFY_UNSUPPORTED when the engine cannot replay, VERIFY_CACHE_DIFFERS when the answer was
   *   made with another cache, and as `generate`
   */
  verify(request: VerifyRequest): Promise<Agreement>
}

export interface ChatToolCall {
  readonly id: string
  readonly name: string
  /** JSON as the model wrote it; cut off, it may be none. */
  readonly arguments: string
}

/** A message of role `tool` holds the result of the call that `toolCallId` names. */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool'
  readonly content: string
  readonly toolCalls?: readonly ChatToolCall[] | undefined
  readonly toolCallId?: string | undefined
}

/** A function as the model's chat template shows it to the model. */
export interface ChatTool extends ToolDeclaration {
  readonly description?: string | undefined
}

/** Turns chats into ids and ids into text; both sides of a session count with the same one. */
export interface ChatTokenizer {
  readonly endTokenIds: readonly number[]
  readonly vocabularySize: number
  /**
   * Applies the chat template with the generation prompt. Plain text never becomes special ids.
   * @throws ConfigError TOOLS_UNSUPPORTED when the template leaves out tools, or calls of tools
   */
  encodeChat(messages: readonly ChatMessage[], tools?: readonly ChatTool[]): number[]
  /** What the id adds to a text: none for special and unknown ones, perhaps part of a character. */
  tokenBytes(id: number): Uint8Array
  /** Incremental, UTF-8 safe decoding with stop strings; see TextStream. */
  textStream(stop: readonly string[]): TextStream
}

/**
 * Text of an answer, released as ids arrive. Bytes of an unfinished character and the beginning of a
 * possible stop string are held back. After a stop string `stopped` is true and its text is cut.
 */
export interface TextStream {
  push(id: number): string
  /** Releases what was held back. */
  end(): string
  readonly stopped: boolean
}

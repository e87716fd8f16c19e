/** From token ids, whoever sent them, to what the caller reads: text, calls of tools, log probabilities. */
import { type AnswerPart, createToolCallParser } from '#inference/decoding/tool-calls.ts'
import type { ChatTokenizer, ChatToolCall } from '#inference/engine.ts'
import { toHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import type { TokenLogprobs } from '#protocol/session/token-logprobs.ts'
import type { ChatEvent, ChatRequest, TextToken } from '../client-service.ts'

/** 96 random bits: no two calls of a chat have one id. */
const CALL_ID_BYTES = 12

export interface AnswerTextComponents {
  readonly crypto: CryptoPort
  readonly tokenizer: ChatTokenizer
}

export class AnswerText {
  readonly #parts: AnswerTextComponents
  readonly #stream
  /** Undefined: the text is text, whatever it looks like. */
  readonly #parser
  readonly #wantsLogprobs: boolean
  readonly #toolCalls: ChatToolCall[] = []
  readonly #tokens: TextToken[] = []
  #text = ''

  constructor(parts: AnswerTextComponents, request: ChatRequest) {
    this.#parts = parts
    this.#stream = parts.tokenizer.textStream(request.stop)
    const mayCall = request.constraint?.kind === 'tool_calls'
    this.#parser = mayCall ? createToolCallParser() : undefined
    this.#wantsLogprobs = request.topLogprobs !== undefined
  }

  /** Without stop strings and calls of tools. */
  get text(): string {
    return this.#text
  }

  get toolCalls(): readonly ChatToolCall[] {
    return this.#toolCalls
  }

  /** Of every token so far; undefined: they were not asked for. */
  get logprobs(): readonly TextToken[] | undefined {
    return this.#wantsLogprobs ? this.#tokens : undefined
  }

  /** One text event for the ids, perhaps with an empty text, and the calls that they complete. */
  push(ids: readonly number[], logprobs?: readonly TokenLogprobs[]): ChatEvent[] {
    const tokens = this.#textTokens(ids, logprobs)
    this.#tokens.push(...tokens)
    const piece = ids.map((id) => this.#stream.push(id)).join('')
    const parts = this.#parser?.push(piece) ?? [{ kind: 'text', text: piece }]
    return this.#events(parts, ids.length, this.#wantsLogprobs ? tokens : undefined)
  }

  /** What was held back. */
  end(): ChatEvent[] {
    const piece = this.#stream.end()
    const parts = [...(this.#parser?.push(piece) ?? []), ...(this.#parser?.end() ?? [])]
    if (this.#parser === undefined && piece !== '') parts.push({ kind: 'text', text: piece })
    return parts.length === 0 ? [] : this.#events(parts, 0, undefined)
  }

  #events(
    parts: readonly AnswerPart[],
    tokens: number,
    logprobs: readonly TextToken[] | undefined,
  ): ChatEvent[] {
    const text = parts.map((part) => (part.kind === 'text' ? part.text : '')).join('')
    this.#text += text
    const calls = parts.flatMap((part) => (part.kind === 'tool_call' ? [part.call] : []))
    const textEvent: ChatEvent = { kind: 'text', text, tokens, ...(logprobs && { logprobs }) }
    return [textEvent, ...calls.map((call) => this.#called(call))]
  }

  #called(made: Omit<ChatToolCall, 'id'>): ChatEvent {
    const index = this.#toolCalls.length
    const call = { id: `call_${toHex(this.#parts.crypto.randomBytes(CALL_ID_BYTES))}`, ...made }
    this.#toolCalls.push(call)
    return { kind: 'tool-call', index, call }
  }

  /** An id that ends the answer is no token of its text. */
  #textTokens(ids: readonly number[], logprobs: readonly TokenLogprobs[] = []): TextToken[] {
    const { tokenizer } = this.#parts
    const { endTokenIds } = tokenizer
    return logprobs.flatMap(({ logprob, top }, at) => {
      const id = ids[at]
      if (id === undefined || endTokenIds.includes(id)) return []
      const likely = top.map((one) => ({
        bytes: tokenizer.tokenBytes(one.id),
        logprob: one.logprob,
      }))
      return [{ bytes: tokenizer.tokenBytes(id), logprob, top: likely }]
    })
  }
}

/**
 * One chat from question to receipt. When a provider fails, the next one goes on from the token ids already
 * held: the caller sees one stream.
 */
import type { StoryWriter } from '#node/why/story-writer.ts'
import { encodeAsk } from '#protocol/ask.ts'
import type { Offer } from '#protocol/market/offer.ts'
import type { ChatEvent, ChatRequest } from '../client-service.ts'
import {
  type AnswerComponents,
  answerResult,
  beginAnswer,
  type Progress,
  type ProgressComponents,
} from './answer-progress.ts'
import { engineFailed } from './attempt.ts'
import { attempts, type Order } from './attempts.ts'
import { resumedIds } from './attempts-progress.ts'
import { Chooser } from './choosing.ts'
import type { AnswerEvent, ClientRequest, SettledReceipt } from './request.ts'
import { samplingOf } from './sampling-of.ts'
import type { ClientSession } from './session.ts'
import type { EndedAttempt, Work } from './work.ts'

export type AnswerOptions = Pick<Order, 'only' | 'onSpent'>

/**
 * @throws ConfigError MODEL_UNKNOWN, MODEL_FILES_MISSING, PROMPT_TOO_LONG, ASK_INVALID
 * @throws SettlementError, UnavailableError as attempts
 */
export function answerChat(
  parts: AnswerComponents,
  request: ChatRequest,
  signal: AbortSignal,
  { only, onSpent }: AnswerOptions = {},
): AsyncGenerator<ChatEvent> {
  return attempts(parts, { request, signal, only, onSpent }, async () => {
    const progress = await beginAnswer(parts, request)
    const { promptTokens, model } = progress
    const chooser = new Chooser(parts, { request, modelRoot: model.root, promptTokens, only })
    return new ChatWork(parts, request, progress, chooser)
  })
}

/** Any other end leaves the answer unfinished: the next provider goes on from there. */
const WHOLE: ReadonlySet<string> = new Set(['stop', 'length'])

class ChatWork implements Work<ChatEvent> {
  readonly progress: Progress
  readonly chooser: Chooser
  readonly #parts: ProgressComponents
  readonly #request: ChatRequest
  /** Token ids that this attempt makes again, and that the caller has. */
  #repeated = 0

  constructor(
    parts: ProgressComponents,
    request: ChatRequest,
    progress: Progress,
    chooser: Chooser,
  ) {
    this.progress = progress
    this.chooser = chooser
    this.#parts = parts
    this.#request = request
  }

  /** A later provider goes on from the ids already held, and bills them as prompt. */
  ask(session: ClientSession): ClientRequest {
    const { crypto } = this.#parts
    const { model, promptTokens, previous, ids, tokenizer } = this.progress
    const { messages, topLogprobs } = this.#request
    const resumeTokenIds = resumedIds(this.#request, this.progress)
    this.#repeated = ids.length - resumeTokenIds.length
    const maxTokens = this.#request.maxTokens - resumeTokenIds.length
    const document = { ...samplingOf(this.#request), modelId: model.id, messages, maxTokens }
    const ask = {
      body: encodeAsk(document),
      requestSalt: crypto.randomBytes(32),
      responseSalt: crypto.randomBytes(32),
      promptTokens: promptTokens + resumeTokenIds.length,
      resumeTokenIds,
      previous,
    }
    const { vocabularySize } = tokenizer
    return session.ask(ask, { completionTokensMax: maxTokens, vocabularySize, topLogprobs })
  }

  asked({ verdict }: ClientSession, { provider }: Offer): ChatEvent[] {
    const { requestId = '' } = this.progress
    return [{ kind: 'routed', requestId, provider, tier: verdict.tier }]
  }

  took(part: Exclude<AnswerEvent, SettledReceipt>): ChatEvent[] {
    const { progress } = this
    const { clock } = this.#parts
    progress.firstTokenMs ??= clock.nowMs() - progress.startedMs
    const ids = part.ids.slice(this.#repeated)
    const logprobs = part.logprobs?.slice(this.#repeated)
    this.#repeated = Math.max(0, this.#repeated - part.ids.length)
    progress.ids.push(...ids)
    return progress.text.push(ids, logprobs)
  }

  requireWhole(_: ClientRequest, { body }: SettledReceipt): void {
    if (!WHOLE.has(body.finish)) throw engineFailed()
  }

  *conclude(attempt: EndedAttempt, story: StoryWriter): Generator<ChatEvent> {
    yield* this.progress.text.end()
    const result = answerResult(this.#parts, this.progress, attempt)
    story.answered(result)
    yield { kind: 'done', result }
  }
}

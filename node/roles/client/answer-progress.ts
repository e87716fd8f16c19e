/** What one chat gathers over its attempts, and the result that it ends with. */
import { checkConstraint } from '#inference/decoding/structure/constraint.ts'
import type { ChatTokenizer } from '#inference/engine.ts'
import { encodeAsk } from '#protocol/ask.ts'
import type { Clock } from '#protocol/clock.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { ConfigError } from '#protocol/errors.ts'
import type { Ranked } from '#protocol/market/choice.ts'
import { receiptId } from '#protocol/receipt.ts'
import type { ChatRequest, ChatResult, RouteView } from '../client-service.ts'
import { outputConstraint } from '../shared/engine-request.ts'
import { AnswerText } from './answer-text.ts'
import type { AttemptComponents } from './attempt.ts'
import { type AttemptsProgress, beginAttempts } from './attempts-progress.ts'
import type { ClientModels } from './models.ts'
import type { ReceiptFiles } from './receipt-files.ts'
import { samplingOf } from './sampling-of.ts'
import type { EndedAttempt } from './work.ts'

export interface ProgressComponents {
  readonly crypto: CryptoPort
  readonly clock: Clock
  readonly models: ClientModels
  readonly receipts: ReceiptFiles
}

/** Of every request that is answered by a provider, whatever it asks for. */
export interface AnswerComponents extends AttemptComponents, ProgressComponents {}

export interface Progress extends AttemptsProgress {
  readonly tokenizer: ChatTokenizer
  /** What the caller reads of the token ids. */
  readonly text: AnswerText
  firstTokenMs: number | undefined
}

/**
 * Everything that is wrong with a request by itself is found here, before anybody is asked.
 * @throws ConfigError MODEL_UNKNOWN, MODEL_FILES_MISSING, PROMPT_TOO_LONG, ASK_INVALID, TOOLS_INVALID,
 *   TOOLS_UNSUPPORTED, SCHEMA_INVALID, SCHEMA_UNSUPPORTED
 */
export async function beginAnswer(
  { crypto, clock, models }: ProgressComponents,
  request: ChatRequest,
): Promise<Progress> {
  const startedMs = clock.nowMs()
  const model = models.find(request.model)
  const { tokenizer, contextTokens } = await models.load(model)
  const { messages, maxTokens } = request
  encodeAsk({ ...samplingOf(request), modelId: model.id, messages, maxTokens })
  const constraint = outputConstraint(request)
  if (constraint !== undefined) checkConstraint(constraint)
  const promptTokens = tokenizer.encodeChat(messages, request.tools).length
  if (promptTokens >= contextTokens) {
    throw new ConfigError('PROMPT_TOO_LONG', `the prompt has ${promptTokens} tokens`, {
      remedy: `Send fewer messages: ${model.id} reads ${contextTokens} tokens, its answer included.`,
      data: { promptTokens, contextTokens },
    })
  }
  return {
    ...beginAttempts({ model, promptTokens, startedMs }),
    tokenizer,
    text: new AnswerText({ crypto, tokenizer }, request),
    firstTokenMs: undefined,
  }
}

export function answerResult(
  { crypto, clock, receipts }: ProgressComponents,
  progress: Progress,
  { choice, ranked, ready, ended }: EndedAttempt,
): ChatResult {
  const { session } = ready
  const id = receiptId(crypto, ended.receipt)
  const totalMs = clock.nowMs() - progress.startedMs
  const { text, toolCalls, logprobs } = progress.text
  return {
    requestId: progress.requestId ?? '',
    text,
    toolCalls,
    logprobs,
    finish: ended.body.finish === 'stop' ? 'stop' : 'length',
    usage: {
      promptTokens: progress.promptTokens,
      cachedTokens: ended.body.cachedTokens,
      completionTokens: progress.ids.length,
    },
    priceNano: progress.usedNano,
    provider: choice.offer.provider,
    model: progress.model.id,
    engine: choice.offer.engine,
    tier: session.verdict.tier,
    reason: choice.reasons.join('; '),
    offers: ranked.map(routeView),
    verdict: session.verdict,
    receiptId: id,
    receiptFile: receipts.fileOf(id),
    channel: session.desk.address,
    timings: {
      discoverMs: progress.discoverMs,
      attestMs: ready.attestMs,
      fundMs: ready.fundMs,
      firstTokenMs: progress.firstTokenMs ?? totalMs,
      totalMs,
    },
  }
}

export function routeView(one: Ranked, index: number): RouteView {
  return {
    provider: one.offer.provider,
    rank: index + 1,
    accepted: one.accepted,
    reasons: one.reasons,
    estimatedPriceNano: one.estimatedPriceNano,
  }
}

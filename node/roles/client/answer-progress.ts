/** What one answer gathers over its attempts, and the result or the refusal that it ends with. */
import { checkConstraint } from '#inference/decoding/structure/constraint.ts'
import type { ChatTokenizer } from '#inference/engine.ts'
import type { MetaStore } from '#node/store/peer-store.ts'
import { encodeAsk } from '#protocol/ask.ts'
import { toHex } from '#protocol/bytes.ts'
import type { Clock } from '#protocol/clock.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { type CocoonError, ConfigError, UnavailableError } from '#protocol/errors.ts'
import type { Ranked } from '#protocol/market/choice.ts'
import { leafHash } from '#protocol/merkle.ts'
import { leafData, receiptId } from '#protocol/receipt.ts'
import type { ChatRequest, ChatResult, RouteView } from '../client-service.ts'
import { outputConstraint } from '../shared/engine-request.ts'
import { AnswerText } from './answer-text.ts'
import type { Chooser } from './choosing.ts'
import type { ClientModels, KnownModel } from './models.ts'
import type { ReceiptFiles } from './receipt-files.ts'
import type { ClientRequest, SettledReceipt } from './request.ts'
import { samplingOf } from './sampling-of.ts'
import type { ReadySession } from './sessions.ts'

export interface ProgressComponents {
  readonly crypto: CryptoPort
  readonly clock: Clock
  readonly models: ClientModels
  readonly receipts: ReceiptFiles
  readonly store: MetaStore
}

export interface Progress {
  readonly model: KnownModel
  readonly tokenizer: ChatTokenizer
  readonly promptTokens: number
  readonly startedMs: number
  /** Token ids of the answer so far, whoever sent them. */
  readonly ids: number[]
  /** What the caller reads of them. */
  readonly text: AnswerText
  readonly failures: { readonly provider: string; readonly error: CocoonError }[]
  /** Of the first attempt: it names the whole answer. */
  requestId: string | undefined
  discoverMs: number
  firstTokenMs: number | undefined
  usedNano: bigint
  /** Links the next receipt to the last one; empty for the first. */
  previous: Uint8Array
}

/** One attempt that came to its end. */
export interface Attempt {
  readonly choice: Ranked
  readonly ranked: readonly Ranked[]
  readonly ready: ReadySession
  readonly ended: SettledReceipt
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
    model,
    tokenizer,
    promptTokens,
    startedMs,
    ids: [],
    text: new AnswerText({ crypto, tokenizer }, request),
    failures: [],
    requestId: undefined,
    discoverMs: 0,
    firstTokenMs: undefined,
    usedNano: 0n,
    previous: new Uint8Array(0),
  }
}

/** Counts what an attempt used, by its last receipt: final, or the checkpoint that became the leaf. */
export function countAttempt(
  progress: Pick<Progress, 'usedNano'>,
  asked: ClientRequest | undefined,
): void {
  progress.usedNano += asked?.latest?.body.usedNano ?? 0n
}

/**
 * Links the next receipt to the last one. Providers cannot follow the link: each sees a hash under a
 * salt that only the owner keeps.
 */
export function linkAttempt(
  { crypto, store }: ProgressComponents,
  progress: Pick<Progress, 'previous'>,
  asked: ClientRequest | undefined,
): void {
  if (asked?.latest === undefined) return
  const salt = crypto.randomBytes(32)
  store.setMeta(`link-salt:${asked.name}`, toHex(salt))
  progress.previous = crypto.hmacSha256(salt, leafHash(crypto, leafData(asked.latest.receipt)))
}

export function answerResult(
  { crypto, clock, receipts }: ProgressComponents,
  progress: Progress,
  { choice, ranked, ready, ended }: Attempt,
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

/** Nothing is wrong with any provider; none had room in time. */
function allBusy(
  progress: Pick<Progress, 'model'>,
  providers: readonly string[],
): UnavailableError {
  return new UnavailableError(
    'PROVIDERS_BUSY',
    `every provider of ${progress.model.id} is busy: no room for another request`,
    { remedy: 'Try again in some seconds.', data: { providers: providers.length } },
  )
}

/** Why each provider was refused, in words that name no prompt. */
export function noProvider(
  progress: Pick<Progress, 'failures' | 'model'>,
  chooser: Chooser,
): UnavailableError {
  const refused = chooser.ranked
    .filter((one) => !one.accepted)
    .map((one) => [one.offer.provider, one.reasons.join('; ')] as const)
  const failed = progress.failures.map(
    ({ provider, error }) => [provider, `${error.code}: ${error.message}`] as const,
  )
  if (failed.length === 0 && chooser.hasBusy) return allBusy(progress, chooser.busyProviders)
  const full = chooser.busyProviders.map(
    (provider) => [provider, 'no room for another request'] as const,
  )
  const why = [...refused, ...failed, ...full].map(([who, text]) => [
    `provider ${who.slice(0, 12)}`,
    text,
  ])
  const summary =
    why.length === 0 ? 'nobody offers it' : why.map((one) => one.join(': ')).join(' | ')
  return new UnavailableError(
    'NO_PROVIDER',
    `no provider answered for ${progress.model.id}: ${summary}`,
    {
      remedy: 'Try again, raise the price cap, or look at `cocoon offers`.',
      data: Object.fromEntries(why),
    },
  )
}

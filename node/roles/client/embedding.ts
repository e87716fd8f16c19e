/**
 * One embedding request from texts to receipt. When a provider fails, the next one is asked for all of it
 * again; what both used is counted.
 */
import type { StoryWriter } from '#node/why/story-writer.ts'
import type { Offer } from '#protocol/market/offer.ts'
import type { EmbedRequest, EmbedResult, EstimateView, Spent } from '../client-service.ts'
import type { AnswerComponents } from './answer-progress.ts'
import { engineFailed } from './attempt.ts'
import { attempts } from './attempts.ts'
import { Chooser } from './choosing.ts'
import { invalid } from './embedding-answer.ts'
import {
  beginEmbedding,
  checkNumbers,
  type EmbeddingProgress,
  embedResult,
} from './embedding-progress.ts'
import { estimateOf } from './estimate.ts'
import type { ClientRequest, SettledReceipt } from './request.ts'
import type { ClientSession } from './session.ts'
import type { EndedAttempt, Work } from './work.ts'

/** An embedding has no completion. */
type Priced = EmbedRequest & { readonly maxTokens: 0 }

/**
 * @throws ConfigError as beginEmbedding
 * @throws SettlementError, UnavailableError as attempts
 * @param onSpent called once, when every attempt is over, which may be after this resolved
 */
export async function answerEmbedding(
  parts: AnswerComponents,
  request: EmbedRequest,
  signal: AbortSignal,
  onSpent?: (spent: Spent) => void,
): Promise<EmbedResult> {
  const priced: Priced = { ...request, maxTokens: 0 }
  const results = attempts(parts, { request: priced, signal, onSpent }, async () => {
    const progress = await beginEmbedding(parts, request)
    return new VectorWork(parts, progress, chooserOf(parts, priced, progress))
  })
  for await (const result of results) return result
  throw engineFailed()
}

/** Counted and ranked like the request itself; nobody is asked. Throws as `answerEmbedding` does. */
export async function estimateEmbedding(
  parts: AnswerComponents,
  request: EmbedRequest,
): Promise<EstimateView> {
  const progress = await beginEmbedding(parts, request)
  const chooser = chooserOf(parts, { ...request, maxTokens: 0 }, progress)
  return estimateOf(progress, chooser, { completionTokensMax: 0, expectedCompletionTokens: 0 })
}

function chooserOf(
  parts: AnswerComponents,
  request: Priced,
  { model, promptTokens, dimensions }: EmbeddingProgress,
): Chooser {
  const embedding = { dimensions }
  return new Chooser(parts, {
    ...{ request, modelRoot: model.root, promptTokens, embedding },
    only: undefined,
  })
}

/** Its one event is the result. */
class VectorWork implements Work<EmbedResult> {
  readonly progress: EmbeddingProgress
  readonly chooser: Chooser
  readonly #parts: AnswerComponents

  constructor(parts: AnswerComponents, progress: EmbeddingProgress, chooser: Chooser) {
    this.#parts = parts
    this.progress = progress
    this.chooser = chooser
  }

  check({ embeddingDimensions }: Offer): void {
    checkNumbers(this.progress.texts, embeddingDimensions)
  }

  ask(session: ClientSession, { embeddingDimensions: dimensions }: Offer): ClientRequest {
    const { crypto } = this.#parts
    const { body, promptTokens, previous, texts } = this.progress
    const salts = { requestSalt: crypto.randomBytes(32), responseSalt: crypto.randomBytes(32) }
    return session.ask(
      { body, ...salts, promptTokens, resumeTokenIds: [], previous },
      {
        ...{ completionTokensMax: 0, vocabularySize: 0, topLogprobs: undefined },
        embedding: { texts, dimensions },
      },
    )
  }

  asked(): EmbedResult[] {
    return []
  }

  took(): EmbedResult[] {
    return []
  }

  /** @throws ProtocolError VECTOR_INVALID when vectors are missing at the end */
  requireWhole(asked: ClientRequest, { body }: SettledReceipt): void {
    if (body.finish !== 'stop') throw engineFailed()
    if (asked.vectors.length !== this.progress.texts) throw invalid('fewer vectors than texts')
  }

  conclude(attempt: EndedAttempt, story: StoryWriter): EmbedResult[] {
    const { clock } = this.#parts
    const result = embedResult(this.#parts, this.progress, attempt)
    story.embedded(result, clock.nowMs() - this.progress.startedMs)
    return [result]
  }
}

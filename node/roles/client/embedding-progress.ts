/** What one embedding request gathers over its attempts, and the result that it ends with. */
import { checkIds } from '#inference/embedding/encoder-tokenizer.ts'
import { EMBEDDING_NUMBERS_MAX } from '#protocol/constants.ts'
import { encodeEmbeddingAsk, tooLarge } from '#protocol/embedding-ask.ts'
import { ConfigError } from '#protocol/errors.ts'
import { receiptId } from '#protocol/receipt.ts'
import type { EmbedRequest, EmbedResult } from '../client-service.ts'
import type { ProgressComponents } from './answer-progress.ts'
import { type AttemptsProgress, beginAttempts } from './attempts-progress.ts'
import type { EndedAttempt } from './work.ts'

export interface EmbeddingProgress extends AttemptsProgress {
  /** Exact bytes of the request document: the same for every provider. */
  readonly body: Uint8Array
  readonly texts: number
  /** Of a vector; undefined: neither the model's files nor the caller say. */
  readonly dimensions: number | undefined
}

/**
 * Everything that is wrong with a request by itself is found here, before anybody is asked.
 * @throws ConfigError MODEL_UNKNOWN, MODEL_CANNOT_EMBED, MODEL_FILES_MISSING, EMBEDDING_INPUT_INVALID,
 *   EMBEDDING_TOO_LARGE, EMBEDDING_DIMENSIONS
 */
export async function beginEmbedding(
  { clock, models }: Pick<ProgressComponents, 'clock' | 'models'>,
  request: EmbedRequest,
): Promise<EmbeddingProgress> {
  const startedMs = clock.nowMs()
  const model = models.find(request.model)
  const { tokenizer, config } = await models.loadEncoder(model)
  const inputs = request.inputs.map((input) => {
    if (typeof input === 'string') return tokenizer.encode(input)
    checkIds(input, config)
    return input
  })
  const dimensions = config.dimensions ?? request.dimensions
  if (request.dimensions !== undefined && request.dimensions !== dimensions) {
    throw wrongDimensions(dimensions)
  }
  if (dimensions !== undefined) checkNumbers(inputs.length, dimensions)
  const promptTokens = inputs.reduce((sum, ids) => sum + ids.length, 0)
  return {
    ...beginAttempts({ model, promptTokens, startedMs }),
    body: encodeEmbeddingAsk({ modelId: model.id, inputs }),
    texts: inputs.length,
    dimensions,
  }
}

/** @throws ConfigError EMBEDDING_TOO_LARGE: the vectors would be more than one answer carries */
export function checkNumbers(texts: number, dimensions: number): void {
  if (texts * dimensions > EMBEDDING_NUMBERS_MAX) throw tooLarge()
}

export function embedResult(
  { crypto, receipts }: Pick<ProgressComponents, 'crypto' | 'receipts'>,
  { requestId = '', promptTokens, usedNano, model }: EmbeddingProgress,
  { choice, ready: { session }, asked, ended: { receipt } }: EndedAttempt,
): EmbedResult {
  const id = receiptId(crypto, receipt)
  return {
    requestId,
    vectors: asked.vectors,
    promptTokens,
    priceNano: usedNano,
    provider: choice.offer.provider,
    model: model.id,
    tier: session.verdict.tier,
    receiptId: id,
    receiptFile: receipts.fileOf(id),
    channel: session.desk.address,
  }
}

function wrongDimensions(dimensions: number | undefined): ConfigError {
  return new ConfigError(
    'EMBEDDING_DIMENSIONS',
    `the model's vectors have ${dimensions} numbers and are never shortened`,
    {
      remedy: 'Leave dimensions out, or use another model.',
      data: { param: 'dimensions', dimensions: dimensions ?? 0 },
    },
  )
}

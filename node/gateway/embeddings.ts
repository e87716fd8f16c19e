/**
 * POST /v1/embeddings (OpenAI API reference, "Create embeddings"): one request through the network for
 * all inputs. Whatever is not in the schema is refused by name.
 */
import { z } from 'zod'
import type { EmbedRequest } from '#node/roles/client-service.ts'
import {
  ASK_TOKEN_ID_MAX,
  EMBEDDING_DIMENSIONS_MAX,
  EMBEDDING_INPUTS_MAX,
} from '#protocol/constants.ts'
import { numbersToWire } from '#protocol/session/embedding-content.ts'
import { type Call, priceHeaders, routeHeaders } from './answering.ts'
import type { GatewayContext } from './app-types.ts'
import { MODEL_ID_CHARS_MAX } from './constants.ts'
import { jsonResponse } from './json.ts'
import { samplingFields } from './sampling-schema.ts'
import { parseBody, readJson } from './validate.ts'

const ids = z.array(z.int().min(0).max(ASK_TOKEN_ID_MAX)).min(1)

export const embeddingBodySchema = z.strictObject({
  model: z.string().min(1).max(MODEL_ID_CHARS_MAX),
  input: z.union(
    [
      z.string().min(1),
      ids,
      z.array(z.string().min(1)).min(1).max(EMBEDDING_INPUTS_MAX),
      z.array(ids).min(1).max(EMBEDDING_INPUTS_MAX),
    ],
    { error: `must be a text, token ids, or up to ${EMBEDDING_INPUTS_MAX} of one of them` },
  ),
  encoding_format: z.enum(['float', 'base64']).default('float'),
  dimensions: z.int().min(1).max(EMBEDDING_DIMENSIONS_MAX).optional(),
  user: samplingFields.user,
  cocoon: samplingFields.cocoon,
})

type EmbeddingBody = z.output<typeof embeddingBodySchema>

export async function answerEmbeddings(call: Call, { req }: GatewayContext): Promise<Response> {
  const body = parseBody(embeddingBodySchema, await readJson(req))
  const result = await call.embed(toEmbedRequest(body))
  const { promptTokens: tokens } = result
  const response = jsonResponse({
    object: 'list',
    data: result.vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: encoded(vector, body.encoding_format),
    })),
    model: body.model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  })
  const headers = { ...routeHeaders(result), ...priceHeaders([result]) }
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value)
  return response
}

export function toEmbedRequest({ model, input, dimensions, cocoon }: EmbeddingBody): EmbedRequest {
  const { max_price_nano, tier_min } = cocoon ?? {}
  return {
    ...{ model, inputs: inputsOf(input), dimensions },
    ...(max_price_nano === undefined ? {} : { maxPriceNano: BigInt(max_price_nano) }),
    ...(tier_min === undefined ? {} : { tierMin: tier_min }),
  }
}

/** A list of numbers is one input. */
function inputsOf(input: EmbeddingBody['input']): EmbedRequest['inputs'] {
  if (typeof input === 'string') return [input]
  return isIds(input) ? [input] : input
}

function isIds(input: Exclude<EmbeddingBody['input'], string>): input is number[] {
  return typeof input[0] === 'number'
}

/** Numbers as JSON prints them, exact when read as float32 again; or float32, little endian, in base64. */
function encoded(vector: Float32Array, format: EmbeddingBody['encoding_format']) {
  if (format === 'float') return Array.from(vector)
  return Buffer.from(numbersToWire(vector)).toString('base64')
}

/** `POST /v1/embeddings` from the other side: what is sent, and what an answer must look like. */
import { z } from 'zod'
import { UnavailableError } from '#protocol/errors.ts'
import { numbersFromWire } from '#protocol/session/embedding-content.ts'

export interface EmbedQuestion {
  readonly model: string
  /** At least one. */
  readonly texts: readonly string[]
  readonly dimensions?: number
  /** NanoTON for this request. */
  readonly maxPriceNano?: bigint
}

export interface EmbedAnswer {
  readonly requestId: string
  readonly provider: string
  readonly tier: string
  readonly receiptId: string
  readonly priceNano: bigint
  readonly promptTokens: number
  /** One for each text, in their order; as many finite numbers in each. */
  readonly vectors: readonly Float32Array[]
}

const answerSchema = z.object({
  data: z.array(z.object({ index: z.int().min(0), embedding: z.base64().min(1) })),
  usage: z.object({ prompt_tokens: z.int().min(0) }),
})

export function embedBody({ model, texts, dimensions, maxPriceNano }: EmbedQuestion): object {
  return {
    ...{ model, input: texts },
    ...(dimensions === undefined ? {} : { dimensions }),
    ...(maxPriceNano === undefined ? {} : { cocoon: { max_price_nano: `${maxPriceNano}` } }),
  }
}

/** @throws UnavailableError API_UNKNOWN: this is no answer to so many texts */
export async function readEmbeddings(response: Response, texts: number): Promise<EmbedAnswer> {
  const parsed = answerSchema.safeParse(await response.json().catch(() => undefined))
  const header = (name: string) => response.headers.get(name) ?? ''
  const priceNano = header('x-cocoon-price-nano')
  if (!parsed.success || !/^\d{1,19}$/.test(priceNano)) throw noClient(response)
  const { data, usage } = parsed.data
  const vectors = data.map(({ embedding }) => vectorOf(embedding))
  const isOrdered = data.every(({ index }, place) => index === place)
  const isEven = vectors.every((one) => one !== undefined && one.length === vectors[0]?.length)
  if (vectors.length !== texts || !isOrdered || !isEven) throw noClient(response)
  return {
    requestId: header('x-request-id'),
    provider: header('x-cocoon-provider'),
    tier: header('x-cocoon-tier'),
    receiptId: header('x-cocoon-receipt'),
    priceNano: BigInt(priceNano),
    promptTokens: usage.prompt_tokens,
    vectors: vectors.filter((one) => one !== undefined),
  }
}

function vectorOf(base64: string): Float32Array | undefined {
  try {
    const numbers = numbersFromWire(Buffer.from(base64, 'base64'))
    return numbers.every(Number.isFinite) ? numbers : undefined
  } catch {
    return undefined
  }
}

export function noClient({ url }: Response): UnavailableError {
  return new UnavailableError('API_UNKNOWN', `what answers at ${url} is not a cocoon client`)
}

/** Vectors of texts, and what they cost. */
import type { AssuranceTier } from '#attestation/types.ts'
import type { EmbedRequest, EmbedResult, Usage } from '#node/roles/client-service.ts'

/** A text, several, or the ids of several in the model's own vocabulary with its special tokens. */
export type EmbedInput = string | readonly string[] | readonly (readonly number[])[]

/** Everything left out has the default of the HTTP API. */
export interface EmbedOptions {
  /** Model id; by default the first model of the network that embeds and that somebody offers. */
  readonly model?: string
  /** What the vectors may cost, in nanoTON; a dearer offer is not taken. */
  readonly maxPriceNano?: bigint
  /** What the provider must prove; `simulated` by default, which no main network accepts. */
  readonly tierMin?: AssuranceTier
  /** Refused unless it is what the model gives: vectors are never shortened. */
  readonly dimensions?: number
  /** Cancels the request; what was used until then is paid and has a receipt. */
  readonly signal?: AbortSignal
}

export interface Embeddings {
  /** Names this request everywhere: receipt, logs, `cocoon why`. */
  readonly requestId: string
  /** In the order of the texts; finite numbers, as many in each. */
  readonly vectors: readonly Float32Array[]
  readonly usage: Pick<Usage, 'promptTokens'>
  /** What was paid, all attempts together. */
  readonly priceNano: bigint
  readonly model: string
  /** Hexadecimal identity key of the provider. */
  readonly provider: string
  /** What the provider's evidence, which was checked, proves. */
  readonly tier: AssuranceTier
  readonly receipt: {
    readonly id: string
    /** Verify it anywhere: `cocoon receipts verify FILE`. */
    readonly file: string
    /** Address of the payment channel. */
    readonly channel: string
  }
}

export function embedRequestOf(
  input: EmbedInput,
  model: string,
  { dimensions, maxPriceNano, tierMin }: EmbedOptions,
): EmbedRequest {
  return {
    ...{ model, inputs: typeof input === 'string' ? [input] : input },
    ...(dimensions === undefined ? {} : { dimensions }),
    ...(maxPriceNano === undefined ? {} : { maxPriceNano }),
    ...(tierMin === undefined ? {} : { tierMin }),
  }
}

export function embeddingsOf(result: EmbedResult): Embeddings {
  const { requestId, vectors, promptTokens, priceNano, model, provider, tier } = result
  const { receiptId: id, receiptFile: file, channel } = result
  const receipt = { id, file, channel }
  const usage = { promptTokens }
  return { requestId, vectors, usage, priceNano, model, provider, tier, receipt }
}

/** The vectors of one request as they arrive, held to what was asked for. */
import { ProtocolError } from '#protocol/errors.ts'
import { numbersToWire } from '#protocol/session/embedding-content.ts'

export interface EmbeddingBounds {
  /** Texts that were asked for. */
  readonly texts: number
  /** Numbers of each vector. texts x dimensions is at most EMBEDDING_NUMBERS_MAX. */
  readonly dimensions: number
}

export class EmbeddingAnswer {
  readonly #bounds: EmbeddingBounds
  readonly #vectors: Float32Array[] = []
  readonly #bytes: Uint8Array
  #length = 0

  constructor(bounds: EmbeddingBounds) {
    this.#bounds = bounds
    const { BYTES_PER_ELEMENT } = Float32Array
    this.#bytes = new Uint8Array(bounds.texts * bounds.dimensions * BYTES_PER_ELEMENT)
  }

  get vectors(): readonly Float32Array[] {
    return this.#vectors
  }

  /** What receipts commit to: the numbers of all vectors so far, as they travelled. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** @throws ProtocolError VECTOR_INVALID */
  push(numbers: Float32Array): void {
    const { texts, dimensions } = this.#bounds
    if (this.#vectors.length >= texts) throw invalid('more vectors than texts')
    if (numbers.length !== dimensions) throw invalid('not the dimensions that were offered')
    if (!numbers.every(Number.isFinite)) throw invalid('not a finite number')
    const bytes = numbersToWire(numbers)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
    this.#vectors.push(numbers)
  }
}

export function invalid(detail: string): ProtocolError {
  return new ProtocolError('VECTOR_INVALID', `the provider sent wrong vectors: ${detail}`, {
    remedy: 'The next provider is asked; avoid this one if it goes on.',
  })
}

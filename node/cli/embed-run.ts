/** What one `cocoon embed` has done so far: its vectors go out as they come, its sums at the end. */
import type { EmbedAnswer } from '#node/gateway/embeddings-client.ts'
import { shortProvider } from '#node/text.ts'
import type { CliContext } from './context.ts'

interface RunOptions {
  readonly json?: boolean
  /** Texts before the first one; their vectors are elsewhere. */
  readonly skip: number
  /** NanoTON for all requests together. */
  readonly priceCap?: bigint
}

export class EmbedRun {
  readonly #options: RunOptions
  readonly #texts: number
  readonly #context: CliContext
  readonly #receipts: string[] = []
  readonly #routes = new Map<string, string>()
  #done = 0
  #dimensions = 0
  #promptTokens = 0
  #priceNano = 0n

  /** @param texts that will be asked for */
  constructor(options: RunOptions, texts: number, context: CliContext) {
    this.#options = options
    this.#texts = texts
    this.#context = context
  }

  /** What the next request may cost. */
  get cap(): { readonly maxPriceNano?: bigint } {
    const { priceCap } = this.#options
    if (priceCap === undefined) return {}
    const leftNano = priceCap - this.#priceNano
    return { maxPriceNano: leftNano > 0n ? leftNano : 0n }
  }

  add(answer: EmbedAnswer): void {
    const { output } = this.#context
    const { json = false, skip } = this.#options
    const { vectors, provider, tier, promptTokens, priceNano, receiptId, requestId } = answer
    for (const [at, vector] of vectors.entries()) {
      const numbers = Array.from(vector)
      if (json) output.json({ kind: 'vector', index: skip + this.#done + at, vector: numbers })
      else output.result(JSON.stringify(numbers))
    }
    if (json) {
      const texts = vectors.length
      const what = { requestId, provider, tier, texts, promptTokens, priceNano, receiptId }
      output.json({ kind: 'request', ...what })
    }
    this.#dimensions = vectors[0]?.length ?? 0
    this.#promptTokens += promptTokens
    this.#priceNano += priceNano
    this.#receipts.push(receiptId)
    this.#routes.set(provider, tier)
    this.#tellProgress(this.#done, this.#done + vectors.length)
    this.#done += vectors.length
  }

  /** A line for each tenth; none for what one request does. */
  #tellProgress(before: number, after: number): void {
    const tenth = (done: number) => Math.floor((10 * done) / this.#texts)
    if (after === this.#texts || tenth(after) === tenth(before)) return
    this.#context.output.talk(`${tenth(after) * 10} % of ${this.#texts} texts`)
  }

  get textsDone(): number {
    return this.#done
  }

  /** For people, when it ended before all texts were done. */
  get howToGoOn(): string {
    const done = this.#options.skip + this.#done
    if (this.#done === 0) return 'Run it again; what was paid for is kept as a receipt.'
    return `The first ${done} texts are done and paid: go on with --skip ${done}.`
  }

  end(model: string): void {
    const { output, coins } = this.#context
    const { length: requests } = this.#receipts
    const sums = { texts: this.#done, dimensions: this.#dimensions, requests }
    const promptTokens = this.#promptTokens
    const priceNano = this.#priceNano
    if (this.#options.json) {
      output.json({ kind: 'done', model, ...sums, promptTokens, priceNano })
    }
    for (const [provider, tier] of this.#routes) {
      output.talk(`route    ${shortProvider(provider)}, tier ${tier}`)
    }
    output.talk(`price    ${coins(priceNano)} for ${promptTokens} tokens`)
    const [receipt = ''] = this.#receipts
    output.talk(
      requests === 1
        ? `receipt  ${receipt}`
        : `receipts ${requests}, the newest of \`cocoon receipts list\``,
    )
  }
}

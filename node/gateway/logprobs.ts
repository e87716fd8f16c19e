/** Log probabilities in the two shapes that OpenAI has for them. */
import type { TextToken } from '#node/roles/client-service.ts'

/** A token that ends inside of a character shows U+FFFD; its bytes say what it is. */
function textOf(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}

function tokenOf({ bytes, logprob }: Pick<TextToken, 'bytes' | 'logprob'>) {
  return { token: textOf(bytes), logprob, bytes: bytes.length === 0 ? null : [...bytes] }
}

/** Of a chat completion; null when they were not asked for. */
export function chatLogprobs(tokens: readonly TextToken[] | undefined) {
  if (tokens === undefined) return null
  const content = tokens.map((one) => ({ ...tokenOf(one), top_logprobs: one.top.map(tokenOf) }))
  return { content, refusal: null }
}

/** Of legacy completions. Offsets count UTF-16 code units of the choice's text, over all its pieces. */
export class LegacyLogprobs {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  #offset = 0

  /** Null when they were not asked for. */
  of(tokens: readonly TextToken[] | undefined) {
    if (tokens === undefined) return null
    return {
      tokens: tokens.map(({ bytes }) => textOf(bytes)),
      token_logprobs: tokens.map(({ logprob }) => logprob),
      top_logprobs: tokens.map(({ top }) =>
        Object.fromEntries(top.map(({ bytes, logprob }) => [textOf(bytes), logprob])),
      ),
      text_offset: tokens.map((token) => this.#offsetOf(token)),
    }
  }

  #offsetOf({ bytes }: TextToken): number {
    const before = this.#offset
    this.#offset += this.#decoder.decode(bytes, { stream: true }).length
    return before
  }
}

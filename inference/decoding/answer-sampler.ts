/** The ids of one answer, one after the other: bias, penalties, constraint, pick, log probabilities. */
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { ConfigError } from '#protocol/errors.ts'
import type { ChatTokenizer, TokenLogprobs } from '../engine.ts'
import type { DecodingRequest } from './decoding-request.ts'
import { argmax } from './sampling/argmax.ts'
import { tokenLogprobs } from './sampling/logprobs.ts'
import { LogitAdjuster } from './sampling/penalties.ts'
import { TokenSampler } from './sampling/sampler.ts'
import { ConstrainedAnswer } from './structure/constraint.ts'
import {
  buildVocabularyTrie,
  type Vocabulary,
  type VocabularyTrie,
} from './structure/vocabulary-trie.ts'

/** What the answers of one engine share: buffers, and the vocabulary as a tree once it is needed. */
export class SamplingTools {
  readonly sampler: TokenSampler
  readonly vocabulary: Vocabulary
  #trie: VocabularyTrie | undefined

  constructor(vocabularySize: number, tokenizer: ChatTokenizer, crypto: CryptoPort) {
    this.sampler = new TokenSampler(vocabularySize, crypto)
    this.vocabulary = {
      vocabularySize,
      tokenBytes: (id) => tokenizer.tokenBytes(id),
      endTokenIds: tokenizer.endTokenIds,
    }
  }

  get trie(): VocabularyTrie {
    this.#trie ??= buildVocabularyTrie(this.vocabulary)
    return this.#trie
  }
}

export interface PickedToken {
  readonly id: number
  readonly logprobs: TokenLogprobs | undefined
}

export class AnswerSampler {
  readonly #sampler: TokenSampler
  readonly #request: DecodingRequest
  readonly #adjuster: LogitAdjuster
  readonly #constraint: ConstrainedAnswer | undefined

  /**
   * Counts the resumed ids as what they are: ids of this answer.
   * @throws ConfigError those of checkConstraint; RESUME_BREAKS_CONSTRAINT
   */
  constructor(tools: SamplingTools, request: DecodingRequest) {
    this.#sampler = tools.sampler
    this.#request = request
    this.#adjuster = new LogitAdjuster(request.sampling, request.promptTokenIds)
    const { constraint } = request
    if (constraint !== undefined) {
      this.#constraint = new ConstrainedAnswer(constraint, tools.vocabulary, tools.trie)
    }
    for (const id of request.resumeTokenIds) {
      this.#adjuster.count(id)
      if (this.#constraint?.accept(id) === false) throw resumeBreaksConstraint()
    }
  }

  /**
   * The next id. Logits are changed in place.
   * @throws UnavailableError MODEL_OUTPUT_INVALID when no id that may come has a finite logit
   */
  pick(logits: Float32Array, position: number): PickedToken {
    this.#adjuster.adjust(logits)
    const id =
      this.#constraint === undefined
        ? this.#draw(logits, position)
        : this.#follow(logits, position, this.#constraint)
    this.#adjuster.count(id)
    const { topLogprobs } = this.#request
    const logprobs = topLogprobs === undefined ? undefined : tokenLogprobs(logits, id, topLogprobs)
    return { id, logprobs }
  }

  /**
   * What would be picked, with the log probabilities beside the claimed id, which is what comes next. Logits are
   * changed in place.
   * @returns undefined when the claimed id cannot be: its logit, or the constraint, forbids it
   */
  replay(logits: Float32Array, position: number, claimed: number): PickedToken | undefined {
    this.#adjuster.adjust(logits)
    this.#constraint?.mask(logits)
    let id = this.#draw(logits, position)
    while (this.#constraint?.allows(id) === false) {
      logits[id] = Number.NEGATIVE_INFINITY
      id = this.#draw(logits, position)
    }
    if (!Number.isFinite(logits[claimed]) || this.#constraint?.accept(claimed) === false) {
      return undefined
    }
    this.#adjuster.count(claimed)
    const { topLogprobs = 0 } = this.#request
    return { id, logprobs: tokenLogprobs(logits, claimed, topLogprobs) }
  }

  #draw(logits: Float32Array, position: number): number {
    return this.#sampler.pick(logits, this.#request.sampling, position)
  }

  #follow(logits: Float32Array, position: number, constraint: ConstrainedAnswer): number {
    const { sampling, topLogprobs } = this.#request
    if (sampling.temperature === 0 && topLogprobs === undefined) {
      // The best of all ids is the best of those that may come, if it may come itself.
      const best = argmax(logits)
      if (constraint.accept(best)) return best
    }
    constraint.mask(logits)
    for (;;) {
      const id = this.#draw(logits, position)
      if (constraint.accept(id)) return id
      logits[id] = Number.NEGATIVE_INFINITY
    }
  }
}

function resumeBreaksConstraint(): ConfigError {
  return new ConfigError(
    'RESUME_BREAKS_CONSTRAINT',
    'the answer that is continued does not keep to the constraint of the request',
    { remedy: 'Continue it with the request that it was begun with.' },
  )
}

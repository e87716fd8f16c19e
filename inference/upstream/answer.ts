/**
 * One answer of an upstream server while it arrives: counted again, compared with the local tokenizer,
 * stopped where this side says that it ends. What a server says of itself decides nothing.
 */
import type {
  ChatTokenizer,
  GenerateEvent,
  GenerateFinish,
  OutputConstraint,
  TextStream,
  TokenLogprobs,
} from '../engine.ts'
import { checkLogprobs, checkUsage } from './claims.ts'
import type { Dialect, UpstreamLogprobs, UpstreamPiece, UpstreamUsage } from './dialects/dialect.ts'
import { AnswerForm } from './document/answer-form.ts'
import { drifted, endedEarly } from './errors.ts'
import { TextCheck } from './text-check.ts'
import type { TextIds, TextToIds } from './text-ids.ts'

export interface AnswerTerms {
  readonly dialect: Pick<Dialect, 'exactTokenIds' | 'countsPrompt'>
  readonly model: string
  readonly promptTokens: number
  readonly resumeTokenIds: readonly number[]
  /** Clamped to what the context has room for. */
  readonly maxTokens: number
  readonly stop: readonly string[]
  /** What the text must be; undefined: any text. */
  readonly constraint: OutputConstraint | undefined
  /** How many likely ids were asked for beside each token; undefined: none, and no log probability. */
  readonly topLogprobs: number | undefined
}

export interface AnswerTools {
  readonly tokenizer: ChatTokenizer
  readonly textToIds: TextToIds
}

export class UpstreamAnswer {
  readonly #terms: AnswerTerms
  readonly #tools: AnswerTools
  /** Says where the answer ends; undefined: no string ends it. */
  readonly #stops: TextStream | undefined
  /** Says what exact ids spell, to be compared with the server's text; undefined: ids are made of that text. */
  readonly #spelled: TextStream | undefined
  readonly #check = new TextCheck()
  /** Where ids are made from text. */
  readonly #textIds: TextIds
  readonly #form: AnswerForm | undefined
  #tokens = 0
  #moves = 0
  /** Signs of work on what is not passed on. */
  #unseen = 0
  #hasRead = false
  /** How the ids so far end the answer, by this side's own rules. */
  #end: GenerateFinish | undefined
  #finish: 'stop' | 'length' | undefined
  #usage: UpstreamUsage | undefined
  /** Spelled and not yet compared. */
  #spelledText = ''

  constructor(terms: AnswerTerms, tools: AnswerTools) {
    this.#terms = terms
    this.#tools = tools
    const { tokenizer } = tools
    this.#stops = terms.stop.length === 0 ? undefined : tokenizer.textStream(terms.stop)
    this.#spelled = terms.dialect.exactTokenIds ? tokenizer.textStream([]) : undefined
    this.#textIds = tools.textToIds()
    this.#form = terms.constraint && new AnswerForm(terms.constraint)
    for (const id of terms.resumeTokenIds) {
      this.#spelled?.push(id)
      const isKept = this.#keepsForm(id)
      if (this.#isStop(id)) this.#end = 'stop'
      // What was not asked for is never over.
      if (!isKept) this.#end = undefined
    }
  }

  /** The ids that were resumed from end the answer already: there is nothing to ask for. */
  get isOverAlready(): boolean {
    return this.#end !== undefined && !this.#hasRead
  }

  /**
   * Takes one event. The `end` is held back until the server's own count agrees, except where this side
   * cuts the answer: at a stop string, and in text, at the limit.
   * @throws UnavailableError UPSTREAM_DRIFT, UPSTREAM_ENDED
   */
  take(piece: UpstreamPiece): GenerateEvent[] {
    const { model, finish, usage } = piece
    if (model !== undefined && model !== this.#terms.model) throw drifted('model')
    if (finish === 'failed') throw endedEarly()
    const isOver = this.#finish !== undefined
    this.#watch(piece)
    this.#finish ??= finish
    this.#usage = usage ?? this.#usage
    const ids = this.#idsOf(piece)
    if (isOver && ids.length > 0) throw drifted('end')
    this.#checkLogprobsCount(ids, piece)
    const events = this.#accept(ids, piece)
    const isExact = this.#terms.dialect.exactTokenIds
    if (isExact && !isEnded(events)) this.#check.add(this.#takeSpelled(), piece.text)
    return events
  }

  /**
   * The stream is over.
   * @throws UnavailableError UPSTREAM_ENDED, UPSTREAM_DRIFT
   */
  finish(): GenerateEvent[] {
    const { dialect, maxTokens, promptTokens, resumeTokenIds } = this.#terms
    if (this.#finish === undefined) throw endedEarly()
    const sent = promptTokens + resumeTokenIds.length
    checkUsage(dialect, this.#usage, { sent, received: this.#tokens })
    const events = this.#readPrompt([0])
    if (!dialect.exactTokenIds) {
      const isFull = this.#tokens >= maxTokens
      const isAtEnd = !isFull && this.#finish === 'stop'
      if (isAtEnd && this.#form?.finish() === false) throw drifted('constraint')
      return [...events, { kind: 'end', finish: isFull ? 'length' : this.#finish }]
    }
    this.#check.end()
    const finish = this.#end ?? (this.#tokens >= maxTokens ? 'length' : undefined)
    if (finish === undefined) throw drifted('end')
    return [...events, { kind: 'end', finish }]
  }

  /** Grows while the server gets on: events that say nothing keep nobody waiting for ever. */
  get moves(): number {
    return this.#moves
  }

  #watch({ text, ids = [], finish, isAtWork = false }: UpstreamPiece): void {
    const isUnseen = isAtWork && this.#unseen < this.#terms.maxTokens
    if (isUnseen) this.#unseen++
    const isFirstEnd = finish !== undefined && this.#finish === undefined
    if (text !== '' || ids.length > 0 || isFirstEnd || isUnseen) this.#moves++
  }

  #accept(ids: readonly number[], piece: UpstreamPiece): GenerateEvent[] {
    const events: GenerateEvent[] = this.#readPrompt(ids)
    for (const [at, id] of ids.entries()) {
      // An end token of ours is none of the server's: the answer is over all the same.
      if (this.#end === 'stop') return [...events, this.#cut()]
      if (this.#tokens >= this.#terms.maxTokens) {
        if (this.#terms.dialect.exactTokenIds) throw drifted('length')
        return [...events, this.#cut()]
      }
      events.push(this.#token(id, piece, at))
      if (this.#stops?.stopped) return [...events, this.#cut()]
    }
    return events
  }

  /** The prompt counts as read when the first token came of it. */
  #readPrompt(ids: readonly number[]): GenerateEvent[] {
    if (this.#hasRead || ids.length === 0) return []
    this.#hasRead = true
    // What a server reuses is not ours to prove, so it is not sold as cached.
    return [{ kind: 'prefilled', tokens: this.#terms.promptTokens, cachedTokens: 0 }]
  }

  #idsOf(piece: UpstreamPiece): readonly number[] {
    const { dialect, maxTokens } = this.#terms
    // One more than may come, so that it is seen that there are more.
    const idsMax = maxTokens - this.#tokens + 1
    if (!dialect.exactTokenIds) {
      const ids = this.#textIds.push(piece.text, idsMax)
      if (this.#finish === undefined) return ids
      return [...ids, ...this.#textIds.end(idsMax - ids.length)]
    }
    if (piece.ids === undefined) {
      if (piece.text !== '') throw drifted('ids')
      return []
    }
    return piece.ids
  }

  #takeSpelled(): string {
    const text = this.#spelledText
    this.#spelledText = ''
    return text
  }

  #token(id: number, piece: UpstreamPiece, at: number): GenerateEvent {
    if (id < 0 || id >= this.#tools.tokenizer.vocabularySize) throw drifted('vocabulary')
    const logprobs = this.#logprobsOf(id, piece.logprobs?.[at])
    // Before it goes on: what was asked for as a document comes as nothing else.
    if (!this.#keepsForm(id)) throw drifted('constraint')
    this.#tokens++
    this.#spelledText += this.#spelled?.push(id) ?? ''
    if (this.#isStop(id)) this.#end = 'stop'
    return logprobs === undefined ? { kind: 'token', id } : { kind: 'token', id, logprobs }
  }

  #checkLogprobsCount(ids: readonly number[], { logprobs }: UpstreamPiece): void {
    if (this.#terms.topLogprobs === undefined || ids.length === 0) return
    if (logprobs?.length !== ids.length) throw drifted('logprobs')
  }

  #logprobsOf(id: number, said: UpstreamLogprobs | undefined): TokenLogprobs | undefined {
    const { topLogprobs } = this.#terms
    if (topLogprobs === undefined) return undefined
    const { vocabularySize } = this.#tools.tokenizer
    return checkLogprobs(id, said, { topLogprobs, vocabularySize })
  }

  #isStop(id: number): boolean {
    this.#stops?.push(id)
    return this.#stops?.stopped === true || this.#tools.tokenizer.endTokenIds.includes(id)
  }

  /** Whether the text may go on by this id, or end with it. */
  #keepsForm(id: number): boolean {
    if (this.#form === undefined) return true
    const { tokenizer } = this.#tools
    if (tokenizer.endTokenIds.includes(id)) return this.#form.finish()
    // An id without text changes nothing of it.
    return this.#form.accept(tokenizer.tokenBytes(id))
  }

  #cut(): GenerateEvent {
    return { kind: 'end', finish: this.#end ?? 'length' }
  }
}

function isEnded(events: readonly GenerateEvent[]): boolean {
  return events.at(-1)?.kind === 'end'
}

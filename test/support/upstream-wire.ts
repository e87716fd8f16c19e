/**
 * What vLLM, SGLang, llama.cpp's server and OpenAI's API say and understand, each as read in its source, with
 * the lies that a server can tell inside of a well-formed answer.
 */
import type {
  ChatMessage,
  ChatTokenizer,
  GenerateRequest,
  OutputConstraint,
  TokenLogprobs,
} from '#inference/engine.ts'

export type ServerDialect = 'vllm' | 'sglang' | 'sglang-new-only' | 'llama-cpp' | 'openai'

/** Ways in which an answer that reads well is another one than was asked for. */
export type SpokenFault =
  | 'no-ids'
  | 'ids-stop-coming'
  | 'id-outside'
  | 'id-negative'
  | 'id-broken'
  | 'wrong-text'
  | 'wrong-completion-count'
  | 'wrong-prompt-count'
  | 'no-usage'
  | 'another-model'
  | 'no-logprobs'
  | 'logprobs-of-another'
  | 'logprobs-above-zero'
  | 'logprobs-too-few'
  | 'second-choice'
  | 'in-letters'
  | 'talks-on'

export type Ask = Pick<
  GenerateRequest,
  'promptTokenIds' | 'maxTokens' | 'sampling' | 'topLogprobs' | 'constraint'
>

export interface Token {
  readonly id: number
  readonly text: string
  readonly logprobs?: TokenLogprobs | undefined
}

export interface Spoken {
  readonly model: string
  readonly fault: string | undefined
}

export const PATHS: Record<ServerDialect, string> = {
  vllm: '/v1/completions',
  sglang: '/generate',
  'sglang-new-only': '/generate',
  'llama-cpp': '/completion',
  openai: '/v1/chat/completions',
}

/** Ids that a lie puts in the place of the second one. */
const LIED_IDS: Readonly<Record<string, number>> = {
  'id-outside': 100_000,
  'id-negative': -1,
  'id-broken': 1.5,
}

/** Says tokens as a server of its kind does. */
export class EventWriter {
  readonly #dialect: ServerDialect
  readonly #spoken: Spoken
  readonly #ask: Ask
  readonly #send: (event: unknown) => Promise<void>
  readonly #ids: number[] = []
  #text = ''

  constructor(
    dialect: ServerDialect,
    spoken: Spoken,
    ask: Ask,
    send: (event: unknown) => Promise<void>,
  ) {
    this.#dialect = dialect
    this.#spoken = spoken
    this.#ask = ask
    this.#send = send
  }

  async token(token: Token): Promise<void> {
    const { fault = '' } = this.#spoken
    if (fault === 'in-letters') {
      for (const letter of token.text.split('')) await this.#token({ ...token, text: letter })
    } else await this.#token(token)
  }

  #token(token: Token): Promise<void> {
    const { fault = '' } = this.#spoken
    const isSecond = this.#ids.length === 1
    const id = (isSecond ? LIED_IDS[fault] : undefined) ?? token.id
    const text = fault === 'wrong-text' && isSecond ? `${token.text}!` : token.text
    this.#ids.push(id)
    this.#text += text
    return this.#send(this.#event({ ...token, id, text }, null, text))
  }

  async end(finish: string, rest: string): Promise<void> {
    this.#text += rest
    await this.#send(this.#event(undefined, finish, rest))
    if (this.#spoken.fault === 'talks-on') await this.#send(this.#event(undefined, null, 'Oh.'))
    const isOpenaiShaped = this.#dialect === 'vllm' || this.#dialect === 'openai'
    if (!isOpenaiShaped || this.#spoken.fault === 'no-usage') return
    await this.#send({ model: this.#spoken.model, choices: [], usage: this.#usage() })
  }

  #usage() {
    const { fault } = this.#spoken
    const prompt = this.#ask.promptTokenIds.length + (fault === 'wrong-prompt-count' ? 1 : 0)
    const completion = this.#ids.length + (fault === 'wrong-completion-count' ? 1 : 0)
    return {
      prompt_tokens: prompt,
      completion_tokens: completion,
      total_tokens: prompt + completion,
    }
  }

  #event(token: Token | undefined, finish: string | null, text: string): unknown {
    const { model, fault } = this.#spoken
    const ids = token === undefined ? [] : [token.id]
    if (this.#dialect === 'vllm') return this.#vllmEvent(token, finish, text)
    if (this.#dialect === 'openai') {
      const index = fault === 'second-choice' ? 1 : 0
      return { model, choices: [{ index, delta: { content: text }, finish_reason: finish }] }
    }
    const usage = this.#usage()
    if (this.#dialect === 'llama-cpp') {
      if (finish === null) return { content: text, tokens: ids, stop: false }
      const stop_type = finish === 'length' ? 'limit' : 'eos'
      const counts = { tokens_evaluated: usage.prompt_tokens, tokens_predicted: this.#ids.length }
      return { content: '', stop: true, stop_type, model, ...counts }
    }
    const isNewOnly = this.#dialect === 'sglang-new-only'
    return {
      text: isNewOnly ? text : this.#text,
      output_ids: isNewOnly ? ids : this.#ids,
      meta_info: {
        prompt_tokens: usage.prompt_tokens,
        completion_tokens: usage.completion_tokens,
        finish_reason: finish === null ? null : { type: finish },
      },
    }
  }

  #vllmEvent(token: Token | undefined, finish: string | null, text: string): unknown {
    const { model, fault } = this.#spoken
    const hasStopped = fault === 'ids-stop-coming' && this.#ids.length > 1
    const given =
      fault === 'no-ids' || hasStopped ? {} : { token_ids: token === undefined ? [] : [token.id] }
    const index = fault === 'second-choice' ? 1 : 0
    const logprobs = vllmLogprobs(token, fault)
    return { model, choices: [{ index, text, finish_reason: finish, logprobs, ...given }] }
  }
}

/** The drawn id first, then the likeliest: one more than was asked for where it is none of these. */
function vllmLogprobs(token: Token | undefined, fault: string | undefined) {
  if (token?.logprobs === undefined || fault === 'no-logprobs') return null
  const { id, logprobs } = token
  const shift = fault === 'logprobs-above-zero' ? 50 : 0
  const likeliest = fault === 'logprobs-too-few' ? [] : logprobs.top
  const named = [{ id, logprob: logprobs.logprob }, ...likeliest]
  const top = Object.fromEntries(named.map((one) => [`token_id:${one.id}`, one.logprob + shift]))
  const own = fault === 'logprobs-of-another' ? id + 1 : id
  const token_logprobs = [logprobs.logprob + shift]
  return { tokens: [`token_id:${own}`], token_logprobs, top_logprobs: [top] }
}

/**
 * Every field that the dialect has; one that it lacks is not looked for, as a server would not. A generator
 * of random numbers begins anew with each request, so the seed is mixed with where the answer begins.
 */
export function askOf(
  dialect: ServerDialect,
  body: Readonly<Record<string, unknown>>,
  tokenizer: ChatTokenizer,
): Ask {
  const nested = (body['sampling_params'] ?? body) as Record<string, unknown>
  const number = (...names: string[]) =>
    Number(names.map((name) => nested[name]).find((value) => value !== undefined) ?? 0)
  const given = (name: string, ...names: string[]) =>
    [name, ...names].some((one) => typeof nested[one] === 'number')
      ? number(name, ...names)
      : undefined
  const messages = (body['messages'] ?? []) as ChatMessage[]
  const ids = (body['prompt'] ?? body['input_ids']) as number[] | undefined
  const promptTokenIds = ids ?? tokenizer.encodeChat(messages)
  const bias = Object.entries((nested['logit_bias'] ?? {}) as Record<string, number>)
  const topK = number('top_k')
  const topLogprobs = body['logprobs']
  return {
    promptTokenIds,
    maxTokens: number('max_tokens', 'max_new_tokens', 'n_predict'),
    topLogprobs: dialect === 'vllm' && typeof topLogprobs === 'number' ? topLogprobs : undefined,
    constraint: constraintOf(nested),
    sampling: {
      temperature: number('temperature'),
      topP: number('top_p'),
      seed: BigInt(number('seed', 'sampling_seed')) * 4_096n + BigInt(promptTokenIds.length),
      topK: topK > 0 ? topK : undefined,
      minP: given('min_p'),
      repetitionPenalty: given('repetition_penalty', 'repeat_penalty'),
      frequencyPenalty: given('frequency_penalty'),
      presencePenalty: given('presence_penalty'),
      logitBias: bias.map(([id, one]) => ({ id: Number(id), bias: one })),
    },
  }
}

function constraintOf(fields: Readonly<Record<string, unknown>>): OutputConstraint | undefined {
  const format = fields['response_format'] as
    | { type: string; json_schema?: { schema: unknown } }
    | undefined
  if (format?.type === 'json_object') return { kind: 'json_object' }
  const tag = fields['structural_tag']
  if (format?.type === 'structural_tag') return callsOf(format as StructuralTag)
  if (typeof tag === 'string') return callsOf(JSON.parse(tag) as StructuralTag)
  const schema = format?.json_schema?.schema ?? fields['json_schema']
  if (schema === undefined) return undefined
  const text = typeof schema === 'string' ? schema : JSON.stringify(schema)
  return { kind: 'json_schema', schema: text }
}

interface StructuralTag {
  readonly type: string
  readonly format: {
    readonly type: 'triggered_tags' | 'tags_with_separator'
    readonly tags: readonly {
      readonly begin: string
      readonly content: { readonly json_schema: unknown }
      readonly end: string
    }[]
    readonly stop_after_first: boolean
  }
}

/** As XGrammar reads tags, of those that are calls of functions (xgrammar/structural_tag.py). */
function callsOf({ format }: StructuralTag): OutputConstraint {
  const { type, tags, stop_after_first } = format
  const tools = tags.map(({ begin, content }) => ({
    name: String(/^<tool_call>\n\{"name": "([^"]+)", "arguments": $/.exec(begin)?.[1]),
    parameters: JSON.stringify(content.json_schema),
  }))
  const mode = type === 'triggered_tags' ? 'auto' : 'required'
  return { kind: 'tool_calls', tools, mode, parallel: !stop_after_first }
}

/**
 * SIMULATED inference servers over real HTTP: the simulated engine behind the dialects of vLLM, SGLang,
 * llama.cpp and OpenAI, with faults on demand. What each really sends was read in its source; none ran here.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ChatMessage, GenerateFinish, GenerateRequest } from '#inference/engine.ts'
import { createSimulatedEngine, type SimulatedEngine } from './simulated-engine.ts'

export type ServerDialect = 'vllm' | 'sglang' | 'sglang-new-only' | 'llama-cpp' | 'openai'

/** What goes wrong; each is one of the ways in which a server can fail or lie. */
export type ServerFault =
  | 'no-ids'
  | 'id-outside'
  | 'wrong-text'
  | 'wrong-completion-count'
  | 'wrong-prompt-count'
  | 'no-usage'
  | 'another-model'
  | 'too-many'
  | 'silent-before'
  | 'silent-within'
  | 'comments-only'
  | 'huge-line'
  | 'flood'
  | 'not-json'
  | 'truncated'
  | 'dies'
  | 'redirect'
  | 'too-many-requests'
  | 'loading'
  | 'stops-early'
  | 'aborts'

export interface UpstreamServerOptions {
  readonly dialect?: ServerDialect
  readonly model?: string
  readonly apiKey?: string
  readonly slotsTotal?: number
  readonly answer?: string
}

interface Ask {
  readonly promptTokenIds: readonly number[]
  readonly maxTokens: number
  readonly sampling: GenerateRequest['sampling']
  readonly topLogprobs?: number
}

interface Token {
  readonly id: number
  readonly text: string
  readonly logprobs?: {
    readonly logprob: number
    readonly top: readonly { id: number; logprob: number }[]
  }
}

export class UpstreamTestServer {
  readonly engine: SimulatedEngine
  readonly model: string
  readonly dialect: ServerDialect
  /** Bodies of the questions so far, in order; trials of one token included. */
  readonly asked: Record<string, unknown>[] = []
  /** Authorization headers of everything that came. */
  readonly authorizations: (string | undefined)[] = []
  fault: ServerFault | undefined
  /** Answers that a closed connection ended. */
  cancelled = 0
  /** Models in the list; this server's own when left out. */
  models: readonly string[]
  readonly #apiKey: string | undefined
  readonly #server = createServer((request, response) => void this.#serve(request, response))

  private constructor(options: UpstreamServerOptions) {
    const { dialect = 'vllm', model = 'simulated', apiKey, slotsTotal = 64, answer } = options
    this.dialect = dialect
    this.model = model
    this.models = [model]
    this.#apiKey = apiKey
    this.engine = createSimulatedEngine({
      slotsTotal,
      keepsPrefixes: false,
      ...(answer === undefined ? {} : { answer }),
    })
  }

  static async start(options: UpstreamServerOptions = {}): Promise<UpstreamTestServer> {
    const server = new UpstreamTestServer(options)
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve))
    return server
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Breaks every connection, as a crash with a quick restart would. */
  crash(): void {
    this.#server.closeAllConnections()
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
    await this.engine[Symbol.asyncDispose]()
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { authorization } = request.headers
    this.authorizations.push(authorization)
    const path = request.url ?? '/'
    if (this.fault === 'loading') return sendJson(response, 503, { error: 'Loading model' })
    if (this.#apiKey !== undefined && authorization !== `Bearer ${this.#apiKey}`) {
      return sendJson(response, 401, { error: 'no key' })
    }
    if (request.method === 'GET') return this.#document(path, response)
    const body = (await readBody(request)) as Record<string, unknown>
    if (path !== PATHS[this.dialect] && path !== PATHS.openai) return sendJson(response, 404, {})
    this.asked.push(body)
    if (this.fault === 'redirect') {
      response.writeHead(302, { location: 'http://127.0.0.1:1/elsewhere' }).end()
      return
    }
    if (this.fault === 'too-many-requests') {
      response.writeHead(429, { 'retry-after': '7' }).end('{}')
      return
    }
    const isChat = path === PATHS.openai
    await this.#answer(isChat ? 'openai' : this.dialect, body, response)
  }

  #document(path: string, response: ServerResponse): void {
    const max_model_len = this.engine.info.contextTokens
    const documents: Record<string, unknown> = {
      '/health': {},
      '/v1/models': { object: 'list', data: this.models.map((id) => ({ id, max_model_len })) },
    }
    if (this.dialect === 'vllm') documents['/version'] = { version: '0.11.0-simulated' }
    if (this.dialect.startsWith('sglang')) {
      documents['/get_model_info'] = { model_path: this.model }
      documents['/get_server_info'] = { version: '0.5.0-simulated' }
    }
    if (this.dialect === 'llama-cpp') {
      const default_generation_settings = { n_ctx: max_model_len }
      documents['/props'] = { default_generation_settings, build_info: 'b1-simulated' }
    }
    const document = documents[path]
    if (document === undefined) sendJson(response, 404, { error: 'not found' })
    else sendJson(response, 200, document)
  }

  async #answer(
    dialect: ServerDialect,
    body: Record<string, unknown>,
    response: ServerResponse,
  ): Promise<void> {
    const ask = askOf(dialect, body, this.engine)
    const abort = new AbortController()
    response.on('close', () => {
      if (!response.writableFinished) this.cancelled++
      abort.abort()
    })
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.flushHeaders()
    const send = async (text: string) => {
      if (!response.write(text)) {
        await new Promise<void>((resolve) => {
          response.once('drain', resolve)
          response.once('close', resolve)
        })
      }
    }
    const write = new EventWriter(dialect, this.#spoken, ask, (event) =>
      send(`data: ${JSON.stringify(event)}\n\n`),
    )
    if (await this.#misbehaveBefore(send, abort.signal)) return
    await this.#stream(ask, write, { send, response, signal: abort.signal })
  }

  get #spoken(): Spoken {
    return { model: this.fault === 'another-model' ? 'other' : this.model, fault: this.fault }
  }

  /** True when nothing more is said. */
  async #misbehaveBefore(
    send: (text: string) => Promise<void>,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { fault } = this
    if (fault === 'silent-before') return true
    if (fault === 'not-json') await send('data: {"choices": [\n\n')
    if (fault === 'huge-line' || fault === 'flood') {
      const piece = fault === 'flood' ? ': noise\n\n'.repeat(8_192) : 'x'.repeat(65_536)
      if (fault === 'huge-line') await send('data: ')
      while (!signal.aborted) await send(piece)
      return true
    }
    if (fault === 'comments-only') {
      while (!signal.aborted) {
        await send(': ping\n\n')
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      return true
    }
    return false
  }

  async #stream(ask: Ask, write: EventWriter, { send, response, signal }: Wire): Promise<void> {
    const { fault } = this
    const text = this.engine.tokenizer.textStream([])
    const extra = fault === 'too-many' ? 3 : 0
    let sent = 0
    let finish: GenerateFinish = 'cancelled'
    const request = {
      ...ask,
      maxTokens: ask.maxTokens + extra,
      resumeTokenIds: [],
      stop: [],
      signal,
    }
    try {
      for await (const event of this.engine.generate(request)) {
        if (event.kind === 'end') finish = event.finish
        if (event.kind !== 'token') continue
        const { logprobs } = event
        const token: Token = { id: event.id, text: text.push(event.id) }
        await write.token(logprobs === undefined ? token : { ...token, logprobs })
        sent++
        if (sent < 2) continue
        if (fault === 'silent-within') return
        if (fault === 'truncated') return void response.end()
        if (fault === 'dies') return void response.destroy()
        if (fault === 'stops-early') finish = 'stop'
        if (fault === 'stops-early') break
      }
    } catch {
      response.destroy()
      return
    }
    if (finish === 'cancelled') return
    await write.end(fault === 'aborts' ? 'abort' : finish, text.end())
    await send('data: [DONE]\n\n')
    response.end()
  }
}

interface Wire {
  readonly send: (text: string) => Promise<void>
  readonly response: ServerResponse
  readonly signal: AbortSignal
}

interface Spoken {
  readonly model: string
  readonly fault: ServerFault | undefined
}

const PATHS: Record<ServerDialect, string> = {
  vllm: '/v1/completions',
  sglang: '/generate',
  'sglang-new-only': '/generate',
  'llama-cpp': '/completion',
  openai: '/v1/chat/completions',
}

/** Says tokens as a server of its kind does. */
class EventWriter {
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

  token(token: Token): Promise<void> {
    const { fault } = this.#spoken
    const isSecond = this.#ids.length === 1
    const id = fault === 'id-outside' && isSecond ? 100_000 : token.id
    const text = fault === 'wrong-text' && isSecond ? `${token.text}!` : token.text
    this.#ids.push(id)
    this.#text += text
    return this.#send(this.#event({ ...token, id, text }, null, text))
  }

  async end(finish: string, rest: string): Promise<void> {
    this.#text += rest
    await this.#send(this.#event(undefined, finish, rest))
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
    const usage = this.#usage()
    if (this.#dialect === 'vllm') {
      const given = fault === 'no-ids' ? {} : { token_ids: ids }
      const logprobs = token?.logprobs === undefined ? null : vllmLogprobs(token)
      return { model, choices: [{ index: 0, text, finish_reason: finish, logprobs, ...given }] }
    }
    if (this.#dialect === 'openai') {
      return { model, choices: [{ index: 0, delta: { content: text }, finish_reason: finish }] }
    }
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
}

function vllmLogprobs({ id, logprobs }: Token) {
  const top = Object.fromEntries(
    (logprobs?.top ?? []).map((one) => [`token_id:${one.id}`, one.logprob]),
  )
  return { tokens: [`token_id:${id}`], token_logprobs: [logprobs?.logprob], top_logprobs: [top] }
}

function askOf(
  dialect: ServerDialect,
  body: Record<string, unknown>,
  { tokenizer }: SimulatedEngine,
): Ask {
  const nested = (body['sampling_params'] ?? body) as Record<string, unknown>
  const number = (...names: string[]) =>
    Number(names.map((name) => nested[name]).find((value) => value !== undefined) ?? 0)
  const ids = body['prompt'] ?? body['input_ids']
  const messages = body['messages'] as ChatMessage[] | undefined
  const bias = Object.entries((nested['logit_bias'] ?? {}) as Record<string, number>)
  const topK = number('top_k')
  const topLogprobs = body['logprobs']
  return {
    promptTokenIds: dialect === 'openai' ? tokenizer.encodeChat(messages ?? []) : (ids as number[]),
    maxTokens: number('max_tokens', 'max_new_tokens', 'n_predict'),
    ...(typeof topLogprobs === 'number' ? { topLogprobs } : {}),
    sampling: {
      temperature: number('temperature'),
      topP: number('top_p'),
      seed: BigInt(number('seed', 'sampling_seed')),
      ...(topK > 0 ? { topK } : {}),
      ...(bias.length > 0 ? { logitBias: bias.map(([id, one]) => ({ id: +id, bias: one })) } : {}),
    },
  }
}

function sendJson(response: ServerResponse, status: number, document: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(document))
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString())
}

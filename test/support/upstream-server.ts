/**
 * SIMULATED inference servers over real HTTP: the simulated engine behind the dialects of vLLM, SGLang,
 * llama.cpp and OpenAI, with faults on demand. What each really sends was read in its source; none ran here.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ChatTokenizer, Engine, GenerateFinish } from '#inference/engine.ts'
import { createSimulatedEngine } from './simulated-engine.ts'
import {
  breakDocument,
  breakResponse,
  breakStream,
  type TransportFault,
} from './upstream-transport-faults.ts'
import {
  type Ask,
  askOf,
  EventWriter,
  PATHS,
  type ServerDialect,
  type Spoken,
  type SpokenFault,
} from './upstream-wire.ts'

/** What goes wrong in the middle of an answer. */
type AnswerFault =
  | 'too-many'
  | 'silent-within'
  | 'truncated'
  | 'dies'
  | 'resets'
  | 'stops-early'
  | 'aborts'
  | 'ignores-constraint'

/** What goes wrong; each is one of the ways in which a server can fail or lie. */
export type ServerFault = SpokenFault | TransportFault | AnswerFault | 'loading'

/** What decodes behind the server. */
type ServedEngine = Engine & { readonly tokenizer: ChatTokenizer }

export interface UpstreamServerOptions {
  readonly dialect?: ServerDialect
  readonly model?: string
  readonly apiKey?: string
  readonly slotsTotal?: number
  readonly answer?: string
  /** Where it listens; any free port of 127.0.0.1 when left out. */
  readonly listen?: { readonly host: string; readonly port: number }
  /** What decodes; the SIMULATED engine when left out. Disposed with the server. */
  readonly engine?: ServedEngine
}

export class UpstreamTestServer {
  readonly engine: ServedEngine
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
    const script = answer === undefined ? {} : { answer }
    this.dialect = dialect
    this.model = model
    this.models = [model]
    this.#apiKey = apiKey
    this.engine =
      options.engine ?? createSimulatedEngine({ slotsTotal, keepsPrefixes: false, ...script })
  }

  static async start(options: UpstreamServerOptions = {}): Promise<UpstreamTestServer> {
    const server = new UpstreamTestServer(options)
    const { host, port } = options.listen ?? { host: '127.0.0.1', port: 0 }
    await new Promise<void>((resolve) => server.#server.listen(port, host, resolve))
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
    if (request.method === 'GET') {
      if (!breakDocument(this.fault, response)) this.#document(path, response)
      return
    }
    const body = (await readBody(request)) as Record<string, unknown>
    if (path !== PATHS[this.dialect] && path !== PATHS.openai) return sendJson(response, 404, {})
    this.asked.push(body)
    if (breakResponse(this.fault, response)) return
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
    const ask = askOf(dialect, body, this.engine.tokenizer)
    const abort = new AbortController()
    response.on('close', () => {
      if (!response.writableFinished) this.cancelled++
      abort.abort()
    })
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.flushHeaders()
    const closed = new Promise<unknown>((resolve) => response.once('close', resolve))
    const send = async (text: string) => {
      if (response.write(text)) return
      const drained = Promise.withResolvers<void>()
      response.once('drain', drained.resolve)
      await Promise.race([drained.promise, closed])
      response.off('drain', drained.resolve)
    }
    const write = new EventWriter(dialect, this.#spoken, ask, (event) =>
      send(`data: ${JSON.stringify(event)}\n\n`),
    )
    if (breakStream(this.fault, response)) return
    await this.#stream(ask, write, { send, response, signal: abort.signal })
  }

  get #spoken(): Spoken {
    return { model: this.fault === 'another-model' ? 'other' : this.model, fault: this.fault }
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
      constraint: fault === 'ignores-constraint' ? undefined : ask.constraint,
      signal,
    }
    try {
      for await (const event of this.engine.generate(request)) {
        if (event.kind === 'end') finish = event.finish
        if (event.kind !== 'token') continue
        const { logprobs } = event
        await write.token({ id: event.id, text: text.push(event.id), logprobs })
        sent++
        if (sent < 2) continue
        if (fault === 'silent-within') return
        if (fault === 'truncated') return void response.end()
        if (fault === 'dies') return void response.destroy()
        if (fault === 'resets') return void response.socket?.resetAndDestroy()
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

function sendJson(response: ServerResponse, status: number, document: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(document))
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString())
}

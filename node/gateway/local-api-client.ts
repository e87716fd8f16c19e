/** The local API from the other side: what the command line and the testnet call. */
import { z } from 'zod'
import { auditReportSchema } from '#node/audit/document.ts'
import { storySchema } from '#node/why/story.ts'
import { CocoonError, ConfigError, type ErrorKind, UnavailableError } from '#protocol/errors.ts'
import {
  channelSchema,
  type EstimateDocument,
  estimateSchema,
  type JobLineBody,
  jobLineResultSchema,
  jobSchema,
  modelListSchema,
  offerSchema,
  receiptSchema,
  requestSchema,
  settlementSchema,
  spendingSchema,
  statusSchema,
} from './api-schema.ts'
import {
  type EmbedAnswer,
  type EmbedQuestion,
  embedBody,
  noClient,
  readEmbeddings,
} from './embeddings-client.ts'
import { openaiDeltas, type StreamedAnswer } from './openai-stream.ts'

/** What a caller asks of `/v1/chat/completions`. */
export interface ChatQuestion {
  readonly model: string
  readonly messages: readonly { readonly role: 'system' | 'user'; readonly content: string }[]
  readonly maxTokens?: number
  readonly temperature?: number
  readonly seed?: number
}

export interface JobSubmission {
  readonly model: string
  readonly lines: readonly JobLineBody[]
  readonly priceCapNano?: string
}

const errorSchema = z.object({
  error: z.object({ message: z.string(), type: z.string(), code: z.string(), remedy: z.string() }),
})

const KIND_BY_TYPE: Readonly<Record<string, ErrorKind>> = {
  invalid_request_error: 'config',
  upstream_error: 'protocol',
  attestation_error: 'attestation',
  payment_error: 'settlement',
}

const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]'])

/**
 * @throws UnavailableError API_UNREACHABLE on every method when nothing answers
 * @throws CocoonError as the gateway reported it
 */
export class LocalApi {
  readonly url: string
  readonly #token: string | undefined

  /**
   * @param token key or owner's token, for a client that asks for one
   * @throws ConfigError API_NOT_LOOPBACK: prompts would cross a network in the clear
   */
  constructor(url: string, token?: string) {
    if (!LOOPBACK_NAMES.has(URL.parse(url)?.hostname ?? '')) {
      throw new ConfigError('API_NOT_LOOPBACK', `${url} is not on this machine`, {
        remedy: 'Run `cocoon client` here and use its address.',
      })
    }
    // What a client prints, and what other programs are given, ends in /v1.
    this.url = url.replace(/\/(v1\/?)?$/, '')
    this.#token = token
  }

  status = () => this.#get('/api/v1/status', statusSchema)
  offers = () => this.#get('/api/v1/offers', z.array(offerSchema))
  receipts = () => this.#get('/api/v1/receipts', z.array(receiptSchema))
  receipt = (id: string) => this.#get(`/api/v1/receipts/${encodeURIComponent(id)}`, receiptSchema)
  channels = () => this.#get('/api/v1/channels', z.array(channelSchema))
  channel = (address: string) =>
    this.#get(`/api/v1/channels/${encodeURIComponent(address)}`, channelSchema)
  request = (id: string) => this.#get(`/api/v1/requests/${encodeURIComponent(id)}`, requestSchema)
  spending = () => this.#get('/api/v1/spending', spendingSchema)
  stories = () => this.#get('/api/v1/stories', z.array(storySchema))
  story = (id: string) => this.#get(`/api/v1/stories/${encodeURIComponent(id)}`, storySchema)
  jobs = () => this.#get('/api/v1/jobs', z.array(jobSchema))
  job = (id: string) => this.#get(`/api/v1/jobs/${encodeURIComponent(id)}`, jobSchema)
  jobResults = (id: string) =>
    this.#get(`/api/v1/jobs/${encodeURIComponent(id)}/results`, z.array(jobLineResultSchema))

  submitJob(job: JobSubmission) {
    return this.#post('/api/v1/jobs', job, jobSchema)
  }

  topUpChannel(address: string, amountNano: bigint) {
    const path = `/api/v1/channels/${encodeURIComponent(address)}/topup`
    return this.#post(path, { amountNano: `${amountNano}` }, channelSchema)
  }

  closeChannel(address: string, signal?: AbortSignal) {
    const path = `/api/v1/channels/${encodeURIComponent(address)}/close`
    return this.#post(path, {}, settlementSchema, signal)
  }

  audit = () => this.#get('/api/v1/audit', auditReportSchema)

  settle(signal?: AbortSignal) {
    return this.#post('/api/v1/settle', {}, z.array(settlementSchema), signal)
  }

  /** Streams an answer through the OpenAI API; aborting the signal cancels the work. */
  async chat(question: ChatQuestion, signal?: AbortSignal): Promise<StreamedAnswer> {
    const stream = { stream: true, stream_options: { include_usage: true } }
    const body = { ...chatBody(question), ...stream }
    const response = await this.#fetch('/v1/chat/completions', jsonPost(body, signal))
    return {
      requestId: response.headers.get('x-request-id') ?? '',
      provider: response.headers.get('x-cocoon-provider') ?? '',
      tier: response.headers.get('x-cocoon-tier') ?? '',
      deltas: openaiDeltas(response.body),
    }
  }

  /** The vectors of texts in one request; aborting the signal cancels the work. */
  async embed(question: EmbedQuestion, signal?: AbortSignal): Promise<EmbedAnswer> {
    const body = { ...embedBody(question), encoding_format: 'base64' }
    const response = await this.#fetch('/v1/embeddings', jsonPost(body, signal))
    return readEmbeddings(response, question.texts.length)
  }

  /** What it would cost; nobody is asked. */
  estimateEmbed(question: EmbedQuestion, signal?: AbortSignal): Promise<EstimateDocument> {
    return this.#post('/v1/estimate', embedBody(question), estimateSchema, signal)
  }

  /** What it would cost at most, and likely; nobody is asked. */
  estimateChat(question: ChatQuestion, signal?: AbortSignal): Promise<EstimateDocument> {
    return this.#post('/v1/estimate', chatBody(question), estimateSchema, signal)
  }

  /** Models that this caller may use. */
  models = () => this.#get('/v1/models', modelListSchema)

  async #get<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    return readDocument(await this.#fetch(path, {}), schema)
  }

  async #post<T>(
    path: string,
    body: object,
    schema: z.ZodType<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    return readDocument(await this.#fetch(path, jsonPost(body, signal)), schema)
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    let response: Response
    try {
      const headers = new Headers(init.headers)
      if (this.#token !== undefined) headers.set('authorization', `Bearer ${this.#token}`)
      response = await fetch(`${this.url}${path}`, { ...init, headers })
    } catch (cause) {
      init.signal?.throwIfAborted()
      throw new UnavailableError('API_UNREACHABLE', `no client answers at ${this.url}`, {
        cause,
        remedy: 'Start `cocoon testnet` or `cocoon client`, or name another address with --api.',
      })
    }
    if (!response.ok) throw await reportedError(response)
    return response
  }
}

function chatBody({ maxTokens, ...rest }: ChatQuestion): object {
  return maxTokens === undefined ? rest : { ...rest, max_completion_tokens: maxTokens }
}

function jsonPost(body: object, signal?: AbortSignal): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  }
}

async function readDocument<T>(response: Response, schema: z.ZodType<T>): Promise<T> {
  const parsed = schema.safeParse(await response.json().catch(() => undefined))
  if (parsed.success) return parsed.data
  throw noClient(response)
}

async function reportedError(response: Response): Promise<CocoonError> {
  const parsed = errorSchema.safeParse(await response.json().catch(() => undefined))
  if (!parsed.success) {
    return new UnavailableError('API_UNKNOWN', `${response.url} answered ${response.status}`)
  }
  const { type, code, message, remedy } = parsed.data.error
  return new CocoonError(KIND_BY_TYPE[type] ?? 'unavailable', code, message, { remedy })
}

/** What every path that asks for an answer shares: a place, a caller's limits, cancellation, errors. */
import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import type {
  ChatEvent,
  ChatRequest,
  ChatResult,
  ClientService,
  EmbedRequest,
  EmbedResult,
} from '#node/roles/client-service.ts'
import type { Clock } from '#protocol/clock.ts'
import { asCocoonError, ConfigError, UnavailableError } from '#protocol/errors.ts'
import type { Caller } from './access.ts'
import type { Admission } from './admission.ts'
import type { GatewayContext } from './app-types.ts'
import { BUSY_RETRY_AFTER_MS, CHATS_IN_FLIGHT_MAX } from './constants.ts'
import { errorResponse } from './http-error.ts'
import type { RequestLog } from './request-log.ts'
import { pulledStream, SSE_HEADERS } from './sse.ts'

export interface AnsweringParts {
  readonly service: ClientService
  readonly log: Logger
  readonly clock: Clock
  readonly requests: RequestLog
  readonly admission: Admission
}

export type Routed = Extract<ChatEvent, { kind: 'routed' }>

/** An answer that has begun: provider chosen, attested and funded. */
export interface OpenAnswer {
  readonly routed: Routed
  readonly events: AsyncIterator<ChatEvent>
}

/** What may have a cap on its price. */
type Capped = Pick<ChatRequest, 'maxPriceNano'>

/** Places among the answers that run at once; a call of n choices takes n of them. */
class Places {
  #taken = 0

  /** @throws UnavailableError GATEWAY_BUSY */
  take(count: number): void {
    if (this.#taken + count > CHATS_IN_FLIGHT_MAX) throw busy()
    this.#taken += count
  }

  giveBack(count: number): void {
    this.#taken -= count
  }
}

/** One call of a caller; it holds its places until its last byte. */
export class Call {
  readonly parts: AnsweringParts
  readonly caller: Caller
  /** In `x-request-id` when the call is refused; `cocoon why` knows it. */
  readonly id: string
  /** Unix seconds. */
  readonly created: number
  readonly #context: GatewayContext
  readonly #abort = new AbortController()
  readonly #places: Places
  #placesTaken = 0
  isStreaming = false

  constructor(parts: AnsweringParts, context: GatewayContext, id: string, places: Places) {
    this.parts = parts
    this.#places = places
    this.id = id
    this.caller = context.get('caller')
    this.created = Math.floor(parts.clock.nowMs() / 1000)
    this.#context = context
    const { signal } = context.req.raw
    if (signal.aborted) this.cancel()
    signal.addEventListener('abort', () => this.cancel(), { once: true })
  }

  cancel(): void {
    this.#abort.abort()
  }

  /** Holds so many places in all. @throws UnavailableError GATEWAY_BUSY */
  hold(places: number): void {
    this.#places.take(places - this.#placesTaken)
    this.#placesTaken = places
  }

  /** Idempotent. */
  release(): void {
    this.#places.giveBack(this.#placesTaken)
    this.#placesTaken = 0
  }

  /**
   * Asks side by side; each may cost its share of the cap. When one is refused, none is answered.
   * @throws UnavailableError GATEWAY_BUSY, and what `ask` throws
   */
  async askAll(wanted: readonly ChatRequest[]): Promise<readonly OpenAnswer[]> {
    this.hold(wanted.length)
    let refusal: unknown
    const asking = wanted.map(async (one) => {
      try {
        return await this.ask(withShare(this.capped(one), wanted.length))
      } catch (thrown) {
        refusal ??= thrown
        this.cancel()
        return undefined
      }
    })
    const opened = (await Promise.all(asking)).filter((one) => one !== undefined)
    if (opened.length === wanted.length) return opened
    for (const { events } of opened) void events.return?.()?.catch(() => undefined)
    throw refusal
  }

  /** Until this returns, a refusal is a status code. */
  async ask(wanted: ChatRequest): Promise<OpenAnswer> {
    const { service, admission } = this.parts
    const { request, onSpent } = await admission.admit(this.caller, this.capped(wanted), (one) =>
      service.estimate(one),
    )
    const named = { ...request, callerId: this.id }
    const events = service.chat(named, this.#abort.signal, onSpent)[Symbol.asyncIterator]()
    const first = await events.next()
    if (first.done || first.value.kind !== 'routed') throw endedEarly()
    return { routed: first.value, events }
  }

  /** With the header's cap, when it is the lower one. @throws ConfigError REQUEST_INVALID */
  capped<Request extends Capped>(request: Request): Request {
    const header = this.#context.req.header('x-cocoon-max-price-nano')
    if (header === undefined) return request
    const maxPriceNano = parseMaxPrice(header)
    if (request.maxPriceNano !== undefined && request.maxPriceNano <= maxPriceNano) return request
    return { ...request, maxPriceNano }
  }

  /** Asks for vectors. @throws what `ClientService.embed` and Admission.admit throw */
  async embed(wanted: EmbedRequest): Promise<EmbedResult> {
    const { service, admission } = this.parts
    const { request, onSpent } = await admission.admit(this.caller, this.capped(wanted), (one) =>
      service.estimateEmbedding(one),
    )
    return service.embed({ ...request, callerId: this.id }, this.#abort.signal, onSpent)
  }

  async collect({ events }: OpenAnswer): Promise<ChatResult> {
    for (let next = await events.next(); !next.done; next = await events.next()) {
      if (next.value.kind !== 'done') continue
      this.parts.requests.add(next.value.result)
      // The answer puts away what it held only when it is read to its end.
      await events.return?.()
      return next.value.result
    }
    throw endedEarly()
  }

  /** Once this returned, errors travel inside of the stream: `parts` must not throw. */
  stream(parts: AsyncGenerator<string>, headers: Record<string, string>): Response {
    this.isStreaming = true
    const body = pulledStream(this.#releasing(parts), () => {
      this.cancel()
      this.release()
    })
    return new Response(body, { headers: { ...SSE_HEADERS, ...headers } })
  }

  async *#releasing(parts: AsyncGenerator<string>): AsyncGenerator<string> {
    try {
      yield* parts
    } finally {
      this.release()
    }
  }

  /** Logs what broke a stream off; its code only. */
  brokeOff(thrown: unknown, requestId: string) {
    const error = asCocoonError(thrown)
    this.parts.log.warn({ code: error.code, requestId }, 'answer broke off')
    return error
  }
}

/** A handler of one path; `work` answers, or opens a stream by `call.stream`. */
export function answeringHandler(parts: AnsweringParts) {
  const places = new Places()
  return (work: (call: Call, context: GatewayContext) => Promise<Response>) =>
    async (context: GatewayContext): Promise<Response> => {
      const ownId = randomBytes(16).toString('hex')
      const call = new Call(parts, context, ownId, places)
      try {
        call.hold(1)
        const response = await work(call, context)
        // A streamed answer ends long after this function returned.
        if (!call.isStreaming) call.release()
        return response
      } catch (thrown) {
        call.cancel()
        call.release()
        const error = asCocoonError(thrown)
        parts.log.warn({ code: error.code, requestId: ownId }, 'call refused')
        return errorResponse(error, { 'x-request-id': ownId })
      }
    }
}

export const routeHeaders = ({
  requestId,
  provider,
  tier,
}: Pick<Routed, 'requestId' | 'provider' | 'tier'>) => ({
  'x-request-id': requestId,
  'x-cocoon-provider': provider,
  'x-cocoon-tier': tier,
})

/** What is known only of a whole answer. */
export const priceHeaders = (results: readonly Pick<ChatResult, 'receiptId' | 'priceNano'>[]) => ({
  'x-cocoon-receipt': results.map(({ receiptId }) => receiptId).join(', '),
  'x-cocoon-price-nano': results.reduce((sum, one) => sum + one.priceNano, 0n).toString(),
})

export function endedEarly(): UnavailableError {
  return new UnavailableError('ANSWER_INCOMPLETE', 'the answer ended before it was complete')
}

function parseMaxPrice(header: string): bigint {
  if (/^\d{1,19}$/.test(header)) return BigInt(header)
  throw new ConfigError('REQUEST_INVALID', 'x-cocoon-max-price-nano: must be decimal nanoTON', {
    remedy: 'Correct the header and send the request again.',
    data: { param: 'x-cocoon-max-price-nano' },
  })
}

/** The cap of one of so many choices. */
export function withShare(request: ChatRequest, count: number): ChatRequest {
  const { maxPriceNano } = request
  if (maxPriceNano === undefined) return request
  return { ...request, maxPriceNano: maxPriceNano / BigInt(count) }
}

function busy(): UnavailableError {
  return new UnavailableError('GATEWAY_BUSY', `${CHATS_IN_FLIGHT_MAX} chats are running already`, {
    remedy: 'Wait until one of them has ended.',
    data: { retryAfterMs: BUSY_RETRY_AFTER_MS },
  })
}

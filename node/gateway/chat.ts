/** POST /v1/chat/completions: one request through the network, streamed or whole. */
import { randomBytes } from 'node:crypto'
import type { Context } from 'hono'
import type { Logger } from 'pino'
import type { ChatEvent, ChatResult, ClientService } from '#node/roles/client-service.ts'
import type { Clock } from '#protocol/clock.ts'
import { asCocoonError, UnavailableError } from '#protocol/errors.ts'
import { type ChatBody, chatBodySchema, toChatRequest } from './chat-schema.ts'
import { type CompletionHead, chunk, completion, usageChunk } from './completion.ts'
import { CHATS_IN_FLIGHT_MAX } from './constants.ts'
import { defaultTokensMax } from './default-tokens.ts'
import { errorResponse, httpErrorBody } from './http-error.ts'
import { toJson } from './json.ts'
import type { RequestLog } from './request-log.ts'
import { pulledStream, SSE_DONE, SSE_HEADERS, sseComment, sseData } from './sse.ts'
import { parseBody, readJson } from './validate.ts'

export interface ChatDependencies {
  readonly service: ClientService
  readonly log: Logger
  readonly clock: Clock
  readonly requests: RequestLog
}

type Routed = Extract<ChatEvent, { kind: 'routed' }>

export function chatHandler(dependencies: ChatDependencies) {
  let inFlight = 0
  return async (context: Context): Promise<Response> => {
    const ownId = randomBytes(16).toString('hex')
    if (inFlight >= CHATS_IN_FLIGHT_MAX) return errorResponse(busy(), { 'x-request-id': ownId })
    inFlight++
    // A streamed answer ends long after this function returned.
    const release = once(() => inFlight--)
    try {
      return await answer(dependencies, context.req.raw, release)
    } catch (thrown) {
      release()
      const error = asCocoonError(thrown)
      dependencies.log.warn({ code: error.code, requestId: ownId }, 'chat refused')
      return errorResponse(error, { 'x-request-id': ownId })
    }
  }
}

async function answer(
  dependencies: ChatDependencies,
  request: Request,
  release: () => void,
): Promise<Response> {
  const body = parseBody(chatBodySchema, await readJson(request))
  const chatRequest = toChatRequest(body, await defaultTokensMax(dependencies.service, body.model))
  const abort = new AbortController()
  if (request.signal.aborted) abort.abort()
  request.signal.addEventListener('abort', () => abort.abort(), { once: true })
  const events = dependencies.service.chat(chatRequest, abort.signal)[Symbol.asyncIterator]()
  // The first event comes after choice, verdict and funding: until then a refusal is a status code.
  const first = await events.next()
  if (first.done || first.value.kind !== 'routed') throw endedEarly()
  const head = {
    requestId: first.value.requestId,
    model: body.model,
    created: Math.floor(dependencies.clock.nowMs() / 1000),
  }
  if (!body.stream) {
    const result = await collect(events)
    release()
    dependencies.requests.add(result)
    return wholeAnswer(head, result)
  }
  const parts = streamedParts(dependencies, head, events, body, release)
  const headers = { ...SSE_HEADERS, ...routeHeaders(first.value) }
  const stream = pulledStream(parts, () => {
    abort.abort()
    release()
  })
  return new Response(stream, { headers })
}

async function collect(events: AsyncIterator<ChatEvent>): Promise<ChatResult> {
  for (let next = await events.next(); !next.done; next = await events.next()) {
    if (next.value.kind === 'done') return next.value.result
  }
  throw endedEarly()
}

function wholeAnswer(head: CompletionHead, result: ChatResult): Response {
  const routed = { requestId: head.requestId, provider: result.provider, tier: result.tier }
  return new Response(toJson(completion(head, result)), {
    headers: {
      'content-type': 'application/json',
      ...routeHeaders(routed),
      'x-cocoon-receipt': result.receiptId,
      'x-cocoon-price-nano': result.priceNano.toString(),
    },
  })
}

const routeHeaders = ({ requestId, provider, tier }: Omit<Routed, 'kind'>) => ({
  'x-request-id': requestId,
  'x-cocoon-provider': provider,
  'x-cocoon-tier': tier,
})

async function* streamedParts(
  dependencies: ChatDependencies,
  head: CompletionHead,
  events: AsyncIterator<ChatEvent>,
  body: ChatBody,
  release: () => void,
): AsyncGenerator<string> {
  const includeUsage = body.stream_options?.include_usage ?? false
  try {
    yield sseData(chunk(head, { role: 'assistant', content: '' }, null, includeUsage))
    for (let next = await events.next(); !next.done; next = await events.next()) {
      const event = next.value
      if (event.kind === 'text') {
        yield sseData(chunk(head, { content: event.text }, null, includeUsage))
      } else if (event.kind === 'routed') {
        // Another provider goes on with the answer.
        yield sseComment('x-cocoon-provider', event.provider)
      } else {
        dependencies.requests.add(event.result)
        yield sseData(chunk(head, {}, event.result.finish, includeUsage))
        if (includeUsage) yield sseData(usageChunk(head, event.result.usage))
        yield sseComment('x-cocoon-receipt', event.result.receiptId)
        yield sseComment('x-cocoon-price-nano', event.result.priceNano.toString())
        yield SSE_DONE
        return
      }
    }
    throw endedEarly()
  } catch (thrown) {
    // The status line is long gone: an error object in the stream is what OpenAI clients raise.
    const error = asCocoonError(thrown)
    dependencies.log.warn({ code: error.code, requestId: head.requestId }, 'chat broke off')
    yield sseData(httpErrorBody(error))
  } finally {
    release()
  }
}

function endedEarly(): UnavailableError {
  return new UnavailableError('ANSWER_INCOMPLETE', 'the answer ended before it was complete')
}

function busy(): UnavailableError {
  return new UnavailableError('GATEWAY_BUSY', `${CHATS_IN_FLIGHT_MAX} chats are running already`, {
    remedy: 'Wait until one of them has ended.',
  })
}

function once(run: () => void): () => void {
  let done = false
  return () => {
    if (done) return
    done = true
    run()
  }
}

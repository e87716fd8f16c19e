/** POST /v1/responses without state: one request through the network, whole or as OpenAI's events. */
import type { ChatResult } from '#node/roles/client-service.ts'
import { type Call, endedEarly, type OpenAnswer, priceHeaders, routeHeaders } from './answering.ts'
import type { GatewayContext } from './app-types.ts'
import { toChatRequest } from './chat-schema.ts'
import { defaultTokensMax } from './default-tokens.ts'
import { httpErrorBody } from './http-error.ts'
import { jsonResponse } from './json.ts'
import {
  begunResponse,
  endedResponse,
  endStatus,
  failedResponse,
  outputMessage,
  type ResponseHead,
  textPart,
} from './response-document.ts'
import { type ResponseBody, responseBodySchema, responseMessages } from './responses-schema.ts'
import { sseComment, sseEvent } from './sse.ts'
import { parseBody, readJson } from './validate.ts'

export async function answerResponse(call: Call, { req }: GatewayContext): Promise<Response> {
  const body = parseBody(responseBodySchema, await readJson(req))
  const answer = await call.ask(
    toChatRequest(chatFields(body), await defaultTokensMax(call.parts.service, body.model)),
  )
  const { requestId } = answer.routed
  const head: ResponseHead = { requestId, created: call.created, body }
  if (body.stream) {
    return call.stream(eventParts(call, head, answer), routeHeaders(answer.routed))
  }
  const result = await call.collect(answer)
  const { provider, tier } = result
  const response = jsonResponse(endedResponse(head, result))
  const headers = { ...routeHeaders({ requestId, provider, tier }), ...priceHeaders([result]) }
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value)
  return response
}

function chatFields(body: ResponseBody) {
  const { model, temperature, top_p, seed, cocoon, max_output_tokens } = body
  return {
    model,
    messages: responseMessages(body),
    temperature,
    top_p,
    seed,
    stop: undefined,
    cocoon,
    max_tokens: max_output_tokens,
  }
}

/** OpenAI's event names, numbered from 0. */
async function* eventParts(
  call: Call,
  head: ResponseHead,
  { events }: OpenAnswer,
): AsyncGenerator<string> {
  let sequence = 0
  const event = (type: string, fields: object): string =>
    sseEvent(type, { type, sequence_number: sequence++, ...fields })
  const at = { item_id: `msg_${head.requestId}`, output_index: 0, content_index: 0 }
  try {
    yield event('response.created', { response: begunResponse(head) })
    yield event('response.in_progress', { response: begunResponse(head) })
    const item = outputMessage(head.requestId, 'in_progress', [])
    yield event('response.output_item.added', { output_index: 0, item })
    yield event('response.content_part.added', { ...at, part: textPart('') })
    for (let next = await events.next(); !next.done; next = await events.next()) {
      const { value } = next
      if (value.kind === 'text') {
        if (value.text !== '') {
          yield event('response.output_text.delta', { ...at, delta: value.text, logprobs: [] })
        }
      } else if (value.kind === 'routed') {
        yield sseComment('x-cocoon-provider', value.provider)
      } else {
        call.parts.requests.add(value.result)
        yield* endParts(event, head, at, value.result)
        return
      }
    }
    throw endedEarly()
  } catch (thrown) {
    const body = httpErrorBody(call.brokeOff(thrown, head.requestId))
    const { code, message, param } = body.error
    yield event('error', { code, message, param })
    yield event('response.failed', { response: failedResponse(head, body) })
  } finally {
    void events.return?.()?.catch(() => undefined)
  }
}

function* endParts(
  event: (type: string, fields: object) => string,
  head: ResponseHead,
  at: object,
  result: ChatResult,
): Generator<string> {
  const status = endStatus(result)
  const { text } = result
  yield event('response.output_text.done', { ...at, text, logprobs: [] })
  yield event('response.content_part.done', { ...at, part: textPart(text) })
  const item = outputMessage(head.requestId, status, [text])
  yield event('response.output_item.done', { output_index: 0, item })
  for (const [name, value] of Object.entries(priceHeaders([result]))) {
    yield sseComment(name, value)
  }
  yield event(`response.${status}`, { response: endedResponse(head, result) })
}

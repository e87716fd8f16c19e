/** POST /v1/responses without state: one request through the network, whole or as OpenAI's events. */
import { type Call, type OpenAnswer, priceHeaders, routeHeaders } from './answering.ts'
import type { GatewayContext } from './app-types.ts'
import { toChatRequest } from './chat-schema.ts'
import { defaultTokensMax } from './default-tokens.ts'
import { httpErrorBody } from './http-error.ts'
import { jsonResponse } from './json.ts'
import {
  begunResponse,
  endedResponse,
  failedResponse,
  type ResponseHead,
} from './response-document.ts'
import { ResponseEvents } from './response-events.ts'
import {
  type ResponseBody,
  responseBodySchema,
  responseFormat,
  responseMessages,
  responseTools,
} from './responses-schema.ts'
import { collectAll, sideBySide } from './side-by-side.ts'
import { sseComment } from './sse.ts'
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
  const [result] = await collectAll(call, [answer])
  const { provider, tier } = result!
  const response = jsonResponse(endedResponse(head, result!))
  const headers = { ...routeHeaders({ requestId, provider, tier }), ...priceHeaders([result!]) }
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value)
  return response
}

function chatFields(body: ResponseBody) {
  const { input: _, instructions: _instructions, text: _text, max_output_tokens, ...rest } = body
  return {
    ...rest,
    ...responseTools(body),
    messages: responseMessages(body),
    response_format: responseFormat(body),
    stop: undefined,
    max_tokens: max_output_tokens,
  }
}

/** OpenAI's event names, numbered from 0. */
async function* eventParts(
  call: Call,
  head: ResponseHead,
  answer: OpenAnswer,
): AsyncGenerator<string> {
  const events = new ResponseEvents(head.requestId)
  try {
    yield events.event('response.created', { response: begunResponse(head) })
    yield events.event('response.in_progress', { response: begunResponse(head) })
    for await (const { event } of sideBySide(call, [answer])) {
      if (event.kind === 'text') yield* events.text(event.text)
      else if (event.kind === 'tool-call') yield* events.toolCall(event.call)
      else if (event.kind === 'routed') yield sseComment('x-cocoon-provider', event.provider)
      else {
        yield* events.end(event.result)
        for (const [name, value] of Object.entries(priceHeaders([event.result]))) {
          yield sseComment(name, value)
        }
        const response = endedResponse(head, event.result)
        yield events.event(`response.${response.status}`, { response })
      }
    }
  } catch (thrown) {
    const body = httpErrorBody(call.brokeOff(thrown, head.requestId))
    const { code, message, param } = body.error
    yield events.event('error', { code, message, param })
    yield events.event('response.failed', { response: failedResponse(head, body) })
  }
}

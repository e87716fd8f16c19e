/** POST /v1/chat/completions: one request through the network, streamed or whole. */
import { type Call, endedEarly, type OpenAnswer, priceHeaders, routeHeaders } from './answering.ts'
import type { GatewayContext } from './app-types.ts'
import { type ChatBody, chatBodySchema, toChatRequest } from './chat-schema.ts'
import { type CompletionHead, chunk, completion, usageChunk } from './completion.ts'
import { defaultTokensMax } from './default-tokens.ts'
import { httpErrorBody } from './http-error.ts'
import { toJson } from './json.ts'
import { SSE_DONE, sseComment, sseData } from './sse.ts'
import { parseBody, readJson } from './validate.ts'

export async function answerChat(call: Call, { req }: GatewayContext): Promise<Response> {
  const body = parseBody(chatBodySchema, await readJson(req))
  const tokensMax = await defaultTokensMax(call.parts.service, body.model)
  const answer = await call.ask(toChatRequest(body, tokensMax))
  const { requestId } = answer.routed
  const head = { requestId, model: body.model, created: call.created }
  if (body.stream) {
    return call.stream(streamedParts(call, head, answer, body), routeHeaders(answer.routed))
  }
  const result = await call.collect(answer)
  const { provider, tier } = result
  return new Response(toJson(completion(head, result)), {
    headers: {
      'content-type': 'application/json',
      // Of the provider that ended the answer, which need not be the first.
      ...routeHeaders({ requestId, provider, tier }),
      ...priceHeaders([result]),
    },
  })
}

async function* streamedParts(
  call: Call,
  head: CompletionHead,
  { events }: OpenAnswer,
  body: ChatBody,
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
        call.parts.requests.add(event.result)
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
    yield sseData(httpErrorBody(call.brokeOff(thrown, head.requestId)))
  } finally {
    // Not awaited: a reader that left must not wait for the provider.
    void events.return?.()?.catch(() => undefined)
  }
}

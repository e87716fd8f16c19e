/** POST /v1/chat/completions: a request through the network for each choice, streamed or whole. */
import type { ChatResult } from '#node/roles/client-service.ts'
import { type Call, type OpenAnswer, priceHeaders, routeHeaders } from './answering.ts'
import type { GatewayContext } from './app-types.ts'
import { type ChatBody, chatBodySchema, choiceRequests, toChatRequest } from './chat-schema.ts'
import {
  Chunks,
  type CompletionHead,
  completion,
  finishReason,
  sumUsage,
  toolCallDeltas,
} from './completion.ts'
import { defaultTokensMax } from './default-tokens.ts'
import { httpErrorBody } from './http-error.ts'
import { toJson } from './json.ts'
import { collectAll, type IndexedEvent, sideBySide } from './side-by-side.ts'
import { SSE_DONE, sseComment, sseData } from './sse.ts'
import { parseBody, readJson } from './validate.ts'

export async function answerChat(call: Call, { req }: GatewayContext): Promise<Response> {
  const body = parseBody(chatBodySchema, await readJson(req))
  const tokensMax = await defaultTokensMax(call.parts.service, body.model)
  const answers = await call.askAll(choiceRequests(toChatRequest(body, tokensMax), body.n))
  const { routed } = answers[0]!
  const { requestId } = routed
  const head = { requestId, model: body.model, created: call.created }
  if (body.stream) {
    return call.stream(streamedParts(call, head, answers, body), routeHeaders(routed))
  }
  const results = await collectAll(call, answers)
  const { provider, tier } = results[0]!
  return new Response(toJson(completion(head, results)), {
    headers: {
      'content-type': 'application/json',
      // Of the provider that ended the answer, which need not be the first.
      ...routeHeaders({ requestId, provider, tier }),
      ...priceHeaders(results),
    },
  })
}

async function* streamedParts(
  call: Call,
  head: CompletionHead,
  answers: readonly OpenAnswer[],
  body: ChatBody,
): AsyncGenerator<string> {
  const includeUsage = body.stream_options?.include_usage ?? false
  const chunks = new Chunks(head, includeUsage)
  const results: ChatResult[] = []
  try {
    for (const index of answers.keys()) {
      yield sseData(chunks.delta(index, { role: 'assistant', content: '' }))
    }
    for await (const indexed of sideBySide(call, answers)) {
      if (indexed.event.kind === 'done') results[indexed.index] = indexed.event.result
      yield* eventParts(chunks, indexed)
    }
    if (includeUsage) yield sseData(chunks.usage(sumUsage(results)))
    for (const [name, value] of Object.entries(priceHeaders(results))) {
      yield sseComment(name, value)
    }
    yield SSE_DONE
  } catch (thrown) {
    // The status line is long gone: an error object in the stream is what OpenAI clients raise.
    yield sseData(httpErrorBody(call.brokeOff(thrown, head.requestId)))
  } finally {
    // What runs beside a choice that broke off is not wanted any more.
    call.cancel()
  }
}

function* eventParts(chunks: Chunks, { index, event }: IndexedEvent): Generator<string> {
  switch (event.kind) {
    case 'text':
      yield sseData(chunks.delta(index, { content: event.text }, event.logprobs))
      return
    case 'tool-call':
      for (const delta of toolCallDeltas(event.index, event.call)) {
        yield sseData(chunks.delta(index, delta))
      }
      return
    case 'routed':
      // Another provider goes on with the answer.
      yield sseComment('x-cocoon-provider', event.provider)
      return
    case 'done':
      yield sseData(chunks.finish(index, finishReason(event.result)))
  }
}

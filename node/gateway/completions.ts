/**
 * POST /v1/completions, OpenAI's legacy form. The network serves chat models, so each prompt travels as
 * one user message; several prompts are several requests, one after the other, each with its receipt.
 */
import { z } from 'zod'
import type { ChatRequest, ChatResult } from '#node/roles/client-service.ts'
import { type Call, endedEarly, type OpenAnswer, priceHeaders, routeHeaders } from './answering.ts'
import type { GatewayContext } from './app-types.ts'
import { samplingFields, toChatRequest } from './chat-schema.ts'
import { openaiUsage, sumUsage } from './completion.ts'
import { MODEL_ID_CHARS_MAX, PROMPTS_MAX, TOKENS_MAX } from './constants.ts'
import { defaultTokensMax } from './default-tokens.ts'
import { httpErrorBody } from './http-error.ts'
import { jsonResponse } from './json.ts'
import { SSE_DONE, sseComment, sseData } from './sse.ts'
import { parseBody, readJson } from './validate.ts'

const prompt = z.string().min(1)

const completionBodySchema = z
  .strictObject({
    model: z.string().min(1).max(MODEL_ID_CHARS_MAX),
    prompt: z.union([prompt, z.array(prompt).min(1).max(PROMPTS_MAX)], {
      error: `must be text or up to ${PROMPTS_MAX} texts; token ids are not taken`,
    }),
    stream: z.boolean().default(false),
    stream_options: z.strictObject({ include_usage: z.boolean().optional() }).optional(),
    max_tokens: z.number().int().min(1).max(TOKENS_MAX).optional(),
    ...samplingFields,
    // With the one value that changes nothing.
    best_of: z.literal(1).optional(),
    echo: z.literal(false).optional(),
    n: z.literal(1, 'only one choice per prompt is supported').optional(),
    frequency_penalty: z.literal(0).optional(),
    presence_penalty: z.literal(0).optional(),
  })
  .refine((body) => body.stream || body.stream_options === undefined, {
    path: ['stream_options'],
    error: 'needs stream: true',
  })

type CompletionBody = z.output<typeof completionBodySchema>

interface Head {
  readonly id: string
  readonly object: 'text_completion'
  readonly created: number
  readonly model: string
}

export async function answerCompletion(call: Call, { req }: GatewayContext): Promise<Response> {
  const body = parseBody(completionBodySchema, await readJson(req))
  const tokensMax = await defaultTokensMax(call.parts.service, body.model)
  const { prompt, stream, stream_options, ...rest } = body
  const prompts = typeof prompt === 'string' ? [prompt] : prompt
  const requests = prompts.map((content) =>
    toChatRequest({ ...rest, messages: [{ role: 'user', content }] }, tokensMax),
  )
  const first = await call.ask(requests[0]!)
  const { requestId } = first.routed
  const head: Head = {
    id: `cmpl-${requestId}`,
    object: 'text_completion',
    created: call.created,
    model: body.model,
  }
  if (stream) {
    return call.stream(streamedParts(call, head, first, requests, body), routeHeaders(first.routed))
  }
  const results = [await call.collect(first)]
  for (const request of requests.slice(1)) results.push(await call.collect(await call.ask(request)))
  const { provider, tier } = results.at(-1)!
  const response = jsonResponse({
    ...head,
    choices: results.map(({ text, finish }, index) => choice(index, text, finish)),
    usage: openaiUsage(sumUsage(results)),
  })
  const headers = { ...routeHeaders({ requestId, provider, tier }), ...priceHeaders(results) }
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value)
  return response
}

const choice = (index: number, text: string, finish: ChatResult['finish'] | null) => ({
  index,
  text,
  logprobs: null,
  finish_reason: finish,
})

async function* streamedParts(
  call: Call,
  head: Head,
  first: OpenAnswer,
  requests: readonly ChatRequest[],
  body: CompletionBody,
): AsyncGenerator<string> {
  const results: ChatResult[] = []
  let open: OpenAnswer = first
  try {
    for (const [index, request] of requests.entries()) {
      if (index > 0) open = await call.ask(request)
      results.push(yield* choiceParts(call, head, open, index))
    }
    if (body.stream_options?.include_usage) {
      yield sseData({ ...head, choices: [], usage: openaiUsage(sumUsage(results)) })
    }
    for (const [name, value] of Object.entries(priceHeaders(results))) yield sseComment(name, value)
    yield SSE_DONE
  } catch (thrown) {
    yield sseData(httpErrorBody(call.brokeOff(thrown, first.routed.requestId)))
  } finally {
    void open.events.return?.()?.catch(() => undefined)
  }
}

async function* choiceParts(
  call: Call,
  head: Head,
  { events }: OpenAnswer,
  index: number,
): AsyncGenerator<string, ChatResult> {
  for (let next = await events.next(); !next.done; next = await events.next()) {
    const event = next.value
    if (event.kind === 'text')
      yield sseData({ ...head, choices: [choice(index, event.text, null)] })
    if (event.kind === 'routed') yield sseComment('x-cocoon-provider', event.provider)
    if (event.kind !== 'done') continue
    call.parts.requests.add(event.result)
    yield sseData({ ...head, choices: [choice(index, '', event.result.finish)] })
    return event.result
  }
  throw endedEarly()
}

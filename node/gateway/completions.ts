/**
 * POST /v1/completions, OpenAI's legacy form. The network serves chat models, so each prompt travels as
 * one user message; several prompts are several requests, one after the other, each with its receipt.
 * Choices of one prompt run side by side.
 */
import { z } from 'zod'
import type { ChatRequest, ChatResult, TextToken } from '#node/roles/client-service.ts'
import { type Call, type OpenAnswer, priceHeaders, routeHeaders } from './answering.ts'
import type { GatewayContext } from './app-types.ts'
import { choiceRequests, toChatRequest } from './chat-schema.ts'
import { openaiUsage, sumUsage } from './completion.ts'
import { LEGACY_LOGPROBS_MAX, MODEL_ID_CHARS_MAX, PROMPTS_MAX, TOKENS_MAX } from './constants.ts'
import { defaultTokensMax } from './default-tokens.ts'
import { httpErrorBody } from './http-error.ts'
import { jsonResponse } from './json.ts'
import { LegacyLogprobs } from './logprobs.ts'
import { choicesField, samplingFields } from './sampling-schema.ts'
import { collectAll, sideBySide } from './side-by-side.ts'
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
    n: choicesField,
    /** The chosen token's, and those of so many likely ones. */
    logprobs: z.int().min(0).max(LEGACY_LOGPROBS_MAX).optional(),
    // With the one value that changes nothing.
    best_of: z.literal(1, 'only one answer per choice is supported').optional(),
    echo: z.literal(false, 'the prompt is never repeated').optional(),
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

/** The choices of each prompt. */
function requestsOf(body: CompletionBody, tokensMax: number): (readonly ChatRequest[])[] {
  const { prompt, logprobs } = body
  const prompts = typeof prompt === 'string' ? [prompt] : prompt
  return prompts.map((content) => {
    const { stream: _, stream_options: _options, prompt: _prompt, ...rest } = body
    const asked = logprobs === undefined ? {} : { logprobs: true, top_logprobs: logprobs }
    const fields = { ...rest, logprobs: undefined, ...asked }
    const messages = [{ role: 'user' as const, content }]
    return choiceRequests(toChatRequest({ ...fields, messages }, tokensMax), body.n)
  })
}

export async function answerCompletion(call: Call, { req }: GatewayContext): Promise<Response> {
  const body = parseBody(completionBodySchema, await readJson(req))
  const tokensMax = await defaultTokensMax(call.parts.service, body.model)
  const [first, ...others] = requestsOf(body, tokensMax)
  const answers = await call.askAll(first!)
  const { routed } = answers[0]!
  const { requestId } = routed
  const head: Head = {
    id: `cmpl-${requestId}`,
    object: 'text_completion',
    created: call.created,
    model: body.model,
  }
  if (body.stream) {
    return call.stream(streamedParts(call, head, answers, others, body), routeHeaders(routed))
  }
  const results = [...(await collectAll(call, answers))]
  for (const next of others) results.push(...(await collectAll(call, await call.askAll(next))))
  const { provider, tier } = results.at(-1)!
  const response = jsonResponse({
    ...head,
    choices: results.map(({ text, finish, logprobs }, index) =>
      choice(index, text, finish, new LegacyLogprobs().of(logprobs)),
    ),
    usage: openaiUsage(sumUsage(results)),
  })
  const headers = { ...routeHeaders({ requestId, provider, tier }), ...priceHeaders(results) }
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value)
  return response
}

const choice = (
  index: number,
  text: string,
  finish: ChatResult['finish'] | null,
  logprobs: ReturnType<LegacyLogprobs['of']>,
) => ({ index, text, logprobs, finish_reason: finish })

async function* streamedParts(
  call: Call,
  head: Head,
  first: readonly OpenAnswer[],
  others: readonly (readonly ChatRequest[])[],
  body: CompletionBody,
): AsyncGenerator<string> {
  const results: ChatResult[] = []
  try {
    results.push(...(yield* promptParts(call, head, first, 0)))
    for (const requests of others) {
      const answers = await call.askAll(requests)
      results.push(...(yield* promptParts(call, head, answers, results.length)))
    }
    if (body.stream_options?.include_usage) {
      yield sseData({ ...head, choices: [], usage: openaiUsage(sumUsage(results)) })
    }
    for (const [name, value] of Object.entries(priceHeaders(results))) yield sseComment(name, value)
    yield SSE_DONE
  } catch (thrown) {
    yield sseData(httpErrorBody(call.brokeOff(thrown, first[0]!.routed.requestId)))
  } finally {
    call.cancel()
  }
}

/** The choices of one prompt; `offset` were answered before them. */
async function* promptParts(
  call: Call,
  head: Head,
  answers: readonly OpenAnswer[],
  offset: number,
): AsyncGenerator<string, readonly ChatResult[]> {
  const results: ChatResult[] = []
  const shapes = answers.map(() => new LegacyLogprobs())
  const piece = (index: number, text: string, tokens?: readonly TextToken[]) => {
    const logprobs = shapes[index]!.of(tokens)
    return sseData({ ...head, choices: [choice(offset + index, text, null, logprobs)] })
  }
  for await (const { index, event } of sideBySide(call, answers)) {
    if (event.kind === 'text') yield piece(index, event.text, event.logprobs)
    if (event.kind === 'routed') yield sseComment('x-cocoon-provider', event.provider)
    if (event.kind !== 'done') continue
    results[index] = event.result
    const { finish } = event.result
    yield sseData({ ...head, choices: [choice(offset + index, '', finish, null)] })
  }
  return results
}

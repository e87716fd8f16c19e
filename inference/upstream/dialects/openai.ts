/**
 * Any server with OpenAI's POST /v1/chat/completions, another Cocoon node's endpoint included. It takes
 * messages and gives text: nothing can be counted by ids, and nothing continued.
 */
import { z } from 'zod'
import { malformed, unsupported } from '../errors.ts'
import {
  biasObject,
  type Dialect,
  jsonSeed,
  parsedBy,
  refuseOthers,
  responseFormat,
  type UpstreamPiece,
} from './dialect.ts'
import { finishOf, modelName, usage, usageOf } from './openai-events.ts'

const Event = z.object({
  model: modelName.nullish(),
  choices: z
    .array(
      z.object({
        index: z.literal(0),
        delta: z.object({
          content: z.string().nullish(),
          reasoning_content: z.string().nullish(),
          reasoning: z.string().nullish(),
        }),
        finish_reason: z.string().max(64).nullish(),
      }),
    )
    .max(1),
  usage: usage.nullish(),
})

export const openaiDialect: Dialect = {
  name: 'openai',
  path: '/v1/chat/completions',
  exactTokenIds: false,
  countsPrompt: false,
  body(ask) {
    refuseOthers('the upstream', ask, [
      ...(['frequency_penalty', 'presence_penalty'] as const),
      ...(['logit_bias', 'response_format'] as const),
    ])
    const { sampling, messages } = ask
    if (messages === undefined) throw malformed('this kind of server is asked by messages')
    const isPlain = ({ role, toolCalls }: (typeof messages)[number]) =>
      role !== 'tool' && toolCalls === undefined
    if (!messages.every(isPlain)) throw unsupported('the upstream', 'tools')
    return {
      model: ask.model,
      messages: messages.map(({ role, content }) => ({ role, content })),
      max_tokens: ask.maxTokens,
      temperature: sampling.temperature,
      top_p: sampling.topP,
      seed: jsonSeed(sampling.seed),
      frequency_penalty: sampling.frequencyPenalty || undefined,
      presence_penalty: sampling.presencePenalty || undefined,
      logit_bias: biasObject(ask),
      response_format: responseFormat(ask),
      stream: true,
      stream_options: { include_usage: true },
    }
  },
  reader: () => readEvent,
}

function readEvent(event: unknown): UpstreamPiece {
  const { model, choices, usage: found } = parsedBy(Event, event)
  const [choice] = choices
  const { content, reasoning_content, reasoning } = choice?.delta ?? {}
  return {
    model: model ?? undefined,
    text: content ?? '',
    isAtWork: Boolean(reasoning_content || reasoning),
    finish: finishOf(choice?.finish_reason),
    usage: usageOf(found),
  }
}

/** The input of a batch: one chat completion a line, all by one model. Read whole before anything runs. */
import { z } from 'zod'
import { samplingOf } from '#node/roles/client/sampling-of.ts'
import type { JobLine } from '#node/roles/client-service.ts'
import { CocoonError } from '#protocol/errors.ts'
import { type ChatBody, chatBodySchema, toChatRequest } from './chat-schema.ts'
import { BATCH_ERRORS_MAX, CUSTOM_ID_CHARS_MAX, JOB_LINES_MAX } from './constants.ts'
import { parseBody, parseJson } from './validate.ts'

export const BATCH_ENDPOINT = '/v1/chat/completions'

const lineSchema = z.strictObject({
  custom_id: z.string().min(1).max(CUSTOM_ID_CHARS_MAX),
  method: z.literal('POST'),
  url: z.literal(BATCH_ENDPOINT),
  body: z.record(z.string(), z.unknown()),
})

export interface BatchLine {
  readonly customId: string
  readonly body: ChatBody
}

/** As OpenAI lists them; never with text of the line. */
export interface BatchInputError {
  readonly code: string
  readonly message: string
  /** From 1; null: of the file. */
  readonly line: number | null
  readonly param: string | null
}

export interface BatchInput {
  readonly model: string
  readonly lines: readonly BatchLine[]
  readonly errors: readonly BatchInputError[]
}

export function readBatchInput(content: Uint8Array): BatchInput {
  const text = utf8Text(content)
  const texts = (text ?? '').split(/\r?\n/)
  while (texts.at(-1) === '') texts.pop()
  const errors: BatchInputError[] = []
  const fault = (line: number | null, message: string, param: string | null = null) => {
    const code = 'BATCH_LINE_INVALID'
    if (errors.length < BATCH_ERRORS_MAX) errors.push({ code, message, line, param })
  }
  if (text === undefined) fault(null, 'the file is not UTF-8')
  else if (texts.length === 0) fault(null, 'the file has no lines')
  if (texts.length > JOB_LINES_MAX) fault(null, `the file has more than ${JOB_LINES_MAX} lines`)
  const lines: BatchLine[] = []
  const seen = new Set<string>()
  for (const [index, text] of texts.slice(0, JOB_LINES_MAX).entries()) {
    try {
      const { custom_id, body } = parseBody(lineSchema, parseJson(text))
      const chat = parseBody(chatBodySchema, body)
      const excluded = notInBatch(chat)
      if (seen.has(custom_id)) fault(index + 1, 'custom_id is used twice', 'custom_id')
      else if (chat.stream) fault(index + 1, 'a line of a batch cannot stream', 'body.stream')
      else if (excluded !== undefined) fault(index + 1, 'not in a batch', `body.${excluded}`)
      else if (chat.model !== (lines[0]?.body.model ?? chat.model)) {
        fault(index + 1, 'all lines of a batch ask one model', 'body.model')
      }
      seen.add(custom_id)
      lines.push({ customId: custom_id, body: chat })
    } catch (thrown) {
      if (!(thrown instanceof CocoonError)) throw thrown
      fault(index + 1, thrown.message, String(thrown.data['param'] ?? ''))
    }
  }
  return { model: lines[0]?.body.model ?? '', lines, errors }
}

function utf8Text(content: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content)
  } catch {
    return undefined
  }
}

/** What the results of a job have no place for, and caps of single lines. */
function notInBatch(chat: ChatBody): string | undefined {
  if (chat.cocoon !== undefined) return 'cocoon'
  if (chat.n !== undefined && chat.n > 1) return 'n'
  if (chat.logprobs === true) return 'logprobs'
  return chat.tools === undefined ? undefined : 'tools'
}

export function toJobLine({ customId, body }: BatchLine, tokensMaxDefault: number): JobLine {
  const request = toChatRequest(body, tokensMaxDefault)
  const { messages, maxTokens } = request
  return { customId, messages, maxTokens, sampling: samplingOf(request) }
}

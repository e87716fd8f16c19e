/** What a generate request must satisfy before anything is spent on it. */
import { ConfigError } from '#protocol/errors.ts'
import {
  LOGIT_BIAS_MAX,
  LOGIT_BIAS_VALUE_MAX,
  PENALTY_MAX,
  QUEUE_PRIORITY_MAX,
  QUEUE_TIMEOUT_MAX_MS,
  REPETITION_PENALTY_MAX,
  REPETITION_PENALTY_MIN,
  STOP_STRING_CHARS_MAX,
  STOP_STRINGS_MAX,
  TEMPERATURE_MAX,
  TOP_K_MAX,
  TOP_LOGPROBS_MAX,
} from '../constants.ts'
import type { GenerateRequest } from '../engine.ts'
import { checkConstraint } from './structure/constraint.ts'

export interface RequestLimits {
  readonly vocabularySize: number
  readonly contextTokens: number
}

/**
 * @throws ConfigError PROMPT_TOO_SHORT, PROMPT_TOO_LONG, TOKEN_OUT_OF_RANGE, SAMPLING_OUT_OF_RANGE,
 *   STOP_OUT_OF_RANGE, STOP_WITH_CONSTRAINT, and those of checkConstraint
 */
export function checkRequest(request: GenerateRequest, limits: RequestLimits): void {
  checkTokens(request, limits)
  checkSampling(request, limits)
  checkStop(request.stop)
  checkOutput(request)
}

function checkTokens(request: GenerateRequest, limits: RequestLimits): void {
  const { promptTokenIds, resumeTokenIds, replayTokenIds = [] } = request
  if (promptTokenIds.length < 2) {
    throw new ConfigError('PROMPT_TOO_SHORT', 'a prompt has at least 2 tokens', {
      remedy: 'Send a longer prompt.',
      data: { tokens: promptTokenIds.length },
    })
  }
  // The last id that is replayed is compared, and never read.
  const replayed = Math.max(0, replayTokenIds.length - 1)
  const tokens = promptTokenIds.length + resumeTokenIds.length + replayed
  if (tokens >= limits.contextTokens) {
    throw new ConfigError('PROMPT_TOO_LONG', 'the prompt leaves no room for an answer', {
      remedy: 'Shorten the conversation.',
      data: { tokens, contextTokens: limits.contextTokens },
    })
  }
  const isId = (id: number) => Number.isInteger(id) && id >= 0 && id < limits.vocabularySize
  if ([promptTokenIds, resumeTokenIds, replayTokenIds].every((ids) => ids.every(isId))) return
  throw new ConfigError('TOKEN_OUT_OF_RANGE', 'a token id is not in the vocabulary', {
    remedy: 'Tokenise with the tokenizer of this model.',
    data: { vocabularySize: limits.vocabularySize },
  })
}

function checkSampling(request: GenerateRequest, { vocabularySize }: RequestLimits): void {
  const { sampling } = request
  inRange('maxTokens', request.maxTokens, 1, Number.MAX_SAFE_INTEGER, true)
  inRange('temperature', sampling.temperature, 0, TEMPERATURE_MAX)
  inRange('topP', sampling.topP, Number.MIN_VALUE, 1)
  inRange('topK', sampling.topK, 1, TOP_K_MAX, true)
  inRange('minP', sampling.minP, 0, 1)
  const { repetitionPenalty } = sampling
  inRange('repetitionPenalty', repetitionPenalty, REPETITION_PENALTY_MIN, REPETITION_PENALTY_MAX)
  inRange('frequencyPenalty', sampling.frequencyPenalty, -PENALTY_MAX, PENALTY_MAX)
  inRange('presencePenalty', sampling.presencePenalty, -PENALTY_MAX, PENALTY_MAX)
  inRange('priority', request.priority, 0, QUEUE_PRIORITY_MAX)
  inRange('queueTimeoutMs', request.queueTimeoutMs, 0, QUEUE_TIMEOUT_MAX_MS)
  inRange('topLogprobs', request.topLogprobs, 0, TOP_LOGPROBS_MAX, true)
  if (!(sampling.seed >= 0n && sampling.seed < 1n << 64n)) {
    throw outOfRange('seed', 'an unsigned 64-bit number')
  }
  const { logitBias = [] } = sampling
  inRange('logitBias', logitBias.length, 0, LOGIT_BIAS_MAX, true)
  for (const { id, bias } of logitBias) {
    inRange('logitBias', id, 0, vocabularySize - 1, true)
    inRange('logitBias', bias, -LOGIT_BIAS_VALUE_MAX, LOGIT_BIAS_VALUE_MAX)
  }
  if (new Set(logitBias.map(({ id }) => id)).size !== logitBias.length) {
    throw outOfRange('logitBias', 'each id once')
  }
}

/** Absent is in range. */
function inRange(
  field: string,
  value: number | undefined,
  min: number,
  max: number,
  isWhole = false,
): void {
  if (value === undefined) return
  if (value >= min && value <= max && (!isWhole || Number.isInteger(value))) return
  const least = min === Number.MIN_VALUE ? 'above 0' : `${min}`
  throw outOfRange(field, `${least} to ${max}${isWhole ? ', a whole number' : ''}`)
}

function outOfRange(field: string, range: string): ConfigError {
  return new ConfigError('SAMPLING_OUT_OF_RANGE', `${field} is out of its range`, {
    remedy: `Send ${field} within its range: ${range}.`,
    data: { field, range },
  })
}

/** A stop string would cut a document that is promised to be whole. */
function checkOutput({ constraint, stop }: GenerateRequest): void {
  if (constraint === undefined) return
  if (stop.length > 0) {
    throw new ConfigError('STOP_WITH_CONSTRAINT', 'stop strings cannot cut a structured answer', {
      remedy: 'Leave out `stop`, or the response format and the tools.',
    })
  }
  checkConstraint(constraint)
}

function checkStop(stop: readonly string[]): void {
  const isValid =
    stop.length <= STOP_STRINGS_MAX &&
    stop.every((text) => text.length > 0 && text.length <= STOP_STRING_CHARS_MAX)
  if (isValid) return
  throw new ConfigError('STOP_OUT_OF_RANGE', 'too many, empty or too long stop strings', {
    remedy: 'Send at most 4 stop strings of 1 to 256 characters.',
    data: { stringsMax: STOP_STRINGS_MAX, charsMax: STOP_STRING_CHARS_MAX },
  })
}

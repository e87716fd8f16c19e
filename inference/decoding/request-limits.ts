/** What a generate request must satisfy before anything is spent on it. */
import { ConfigError } from '#protocol/errors.ts'
import { STOP_STRING_CHARS_MAX, STOP_STRINGS_MAX, TEMPERATURE_MAX } from '../constants.ts'
import type { GenerateRequest } from '../engine.ts'

export interface RequestLimits {
  readonly vocabularySize: number
  readonly contextTokens: number
}

/**
 * @throws ConfigError PROMPT_TOO_SHORT, PROMPT_TOO_LONG, TOKEN_OUT_OF_RANGE, SAMPLING_OUT_OF_RANGE,
 *   STOP_OUT_OF_RANGE
 */
export function checkRequest(request: GenerateRequest, limits: RequestLimits): void {
  checkTokens(request, limits)
  checkSampling(request)
  checkStop(request.stop)
}

function checkTokens(request: GenerateRequest, limits: RequestLimits): void {
  const { promptTokenIds, resumeTokenIds } = request
  if (promptTokenIds.length < 2) {
    throw new ConfigError('PROMPT_TOO_SHORT', 'a prompt has at least 2 tokens', {
      remedy: 'Send a longer prompt.',
      data: { tokens: promptTokenIds.length },
    })
  }
  const tokens = promptTokenIds.length + resumeTokenIds.length
  if (tokens >= limits.contextTokens) {
    throw new ConfigError('PROMPT_TOO_LONG', 'the prompt leaves no room for an answer', {
      remedy: 'Shorten the conversation.',
      data: { tokens, contextTokens: limits.contextTokens },
    })
  }
  const isId = (id: number) => Number.isInteger(id) && id >= 0 && id < limits.vocabularySize
  if (promptTokenIds.every(isId) && resumeTokenIds.every(isId)) return
  throw new ConfigError('TOKEN_OUT_OF_RANGE', 'a token id is not in the vocabulary', {
    remedy: 'Tokenise with the tokenizer of this model.',
    data: { vocabularySize: limits.vocabularySize },
  })
}

function checkSampling(request: GenerateRequest): void {
  const { temperature, topP, seed } = request.sampling
  const isValid =
    Number.isSafeInteger(request.maxTokens) &&
    request.maxTokens >= 1 &&
    temperature >= 0 &&
    temperature <= TEMPERATURE_MAX &&
    topP > 0 &&
    topP <= 1 &&
    seed >= 0n &&
    seed < 1n << 64n
  if (isValid) return
  throw new ConfigError('SAMPLING_OUT_OF_RANGE', 'a sampling parameter is out of its range', {
    remedy:
      'maxTokens >= 1, temperature 0 to 2, topP above 0 to 1, seed an unsigned 64-bit number.',
    data: { maxTokens: request.maxTokens, temperature, topP },
  })
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

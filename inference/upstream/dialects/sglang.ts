/**
 * SGLang: POST /generate with `input_ids`. Each event repeats text and `output_ids` from the beginning, or
 * holds what is new with --stream-output; `meta_info.completion_tokens` tells the two apart
 * (sglang/srt/managers/tokenizer_manager.py, _handle_batch_output).
 */
import { z } from 'zod'
import { CONTEXT_TOKENS_MAX } from '../../constants.ts'
import { drifted, malformed } from '../errors.ts'
import {
  answerSchema,
  type Dialect,
  jsonSeed,
  parsedBy,
  refuseOthers,
  type UpstreamPiece,
} from './dialect.ts'
import { count, finishOf, tokenIds } from './openai-events.ts'
import { structuralTag } from './tool-tags.ts'

const Finish = z.union([z.object({ type: z.string().max(64) }), z.string().max(64)]).nullish()
const Event = z.object({
  text: z.string().nullish(),
  output_ids: tokenIds(CONTEXT_TOKENS_MAX),
  meta_info: z.object({
    prompt_tokens: count,
    completion_tokens: count,
    finish_reason: Finish,
  }),
})

export const sglangDialect: Dialect = {
  name: 'sglang',
  path: '/generate',
  exactTokenIds: true,
  countsPrompt: true,
  body(ask) {
    refuseOthers('SGLang', ask, [
      ...(['top_k', 'min_p', 'repetition_penalty', 'frequency_penalty'] as const),
      ...(['presence_penalty', 'response_format', 'tools'] as const),
    ])
    const { sampling } = ask
    return {
      input_ids: ask.tokenIds,
      sampling_params: {
        max_new_tokens: ask.maxTokens,
        temperature: sampling.temperature,
        top_p: sampling.topP,
        sampling_seed: jsonSeed(sampling.seed),
        top_k: sampling.topK ?? -1,
        min_p: sampling.minP ?? 0,
        repetition_penalty: sampling.repetitionPenalty ?? 1,
        frequency_penalty: sampling.frequencyPenalty ?? 0,
        presence_penalty: sampling.presencePenalty ?? 0,
        json_schema: JSON.stringify(answerSchema(ask)),
        structural_tag: JSON.stringify(structuralTag(ask)),
        // Its text is compared with what the ids spell.
        skip_special_tokens: true,
        spaces_between_special_tokens: false,
      },
      stream: true,
    }
  },
  reader() {
    const idsBefore: number[] = []
    let textBefore = ''
    return (event) => {
      const { text, output_ids, meta_info } = parsedBy(Event, event)
      const { prompt_tokens, completion_tokens, finish_reason } = meta_info
      const total = completion_tokens
      const isWhole = output_ids.length === total
      const isNew = idsBefore.length + output_ids.length === total
      if (!isWhole && !isNew) throw drifted('usage')
      const isRepeated = isWhole && idsBefore.length > 0
      const ids = isRepeated ? added(idsBefore, output_ids) : output_ids
      const newText = isRepeated ? addedText(textBefore, text ?? textBefore) : (text ?? '')
      for (const id of ids) idsBefore.push(id)
      textBefore += newText
      const word = typeof finish_reason === 'string' ? finish_reason : finish_reason?.type
      return {
        text: newText,
        ids,
        finish: finishOf(word),
        usage: { promptTokens: prompt_tokens, completionTokens: completion_tokens },
      } satisfies UpstreamPiece
    }
  },
}

function added(before: readonly number[], now: readonly number[]): readonly number[] {
  if (before.some((id, at) => now[at] !== id)) throw malformed('it took back what it had said')
  return now.slice(before.length)
}

function addedText(before: string, now: string): string {
  if (!now.startsWith(before)) throw malformed('it took back what it had said')
  return now.slice(before.length)
}

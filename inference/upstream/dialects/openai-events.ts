/** What the OpenAI-shaped servers have in common in their streams. */
import { z } from 'zod'
import { VOCABULARY_MAX } from '../../constants.ts'
import type { UpstreamPiece, UpstreamUsage } from './dialect.ts'

/** Refused at the first that is none: zod would describe a hundred thousand bad ones, each in an object. */
export function tokenIds(idsMax: number) {
  return z.custom<readonly number[]>(
    (value) => Array.isArray(value) && value.length <= idsMax && value.every(isTokenId),
  )
}

function isTokenId(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= VOCABULARY_MAX
}

export const count = z.int().min(0).max(1_000_000_000)
export const modelName = z.string().max(1_024)

export const usage = z.object({ prompt_tokens: count, completion_tokens: count.nullish() })

export function usageOf(
  found: z.output<typeof usage> | null | undefined,
): UpstreamUsage | undefined {
  if (found === null || found === undefined) return undefined
  return { promptTokens: found.prompt_tokens, completionTokens: found.completion_tokens ?? 0 }
}

/** A broken server says `abort`, `error` or a word of its own. */
export function finishOf(word: string | null | undefined): UpstreamPiece['finish'] {
  if (word === null || word === undefined) return undefined
  return word === 'stop' || word === 'length' ? word : 'failed'
}

/** How many positions a sequence may have, so that weights and the full caches of all slots fit the memory. */
import { ConfigError } from '#protocol/errors.ts'
import { CONTEXT_FLOOR_TOKENS, ENGINE_BASE_BYTES } from '../constants.ts'

export interface ContextNeeds {
  /** What the model was made for. */
  readonly modelTokens: number
  /** What its owner allows; undefined: all of it. */
  readonly capTokens: number | undefined
  /** Keys and values of one position. */
  readonly cacheBytesPerToken: number
  readonly weightBytes: number
  /** What is held beside the weights while they are loaded, and given back then. */
  readonly calibrationBytes?: number
  readonly slotsTotal: number
  readonly memoryLimitBytes: number
}

/**
 * The model's context, or the owner's cap, or what fits, whichever is the smallest. It only says when a
 * sequence is full: no bit of any answer depends on it. While a model is loaded its weights are there three
 * times, as files, as the library's copy and as what it makes of them; at most twice when caches fill.
 * @throws ConfigError MODEL_NEEDS_MORE_MEMORY when less than CONTEXT_FLOOR_TOKENS would fit
 */
export function contextThatFits(needs: ContextNeeds): number {
  const { modelTokens, capTokens = modelTokens, memoryLimitBytes } = needs
  const wantedTokens = Math.min(modelTokens, capTokens)
  const floorTokens = Math.min(wantedTokens, CONTEXT_FLOOR_TOKENS)
  const bytesOfToken = needs.cacheBytesPerToken * needs.slotsTotal
  const loadingBytes = ENGINE_BASE_BYTES + 3 * needs.weightBytes + (needs.calibrationBytes ?? 0)
  const fixedBytes = ENGINE_BASE_BYTES + 2 * needs.weightBytes
  // One position more than a sequence can have: idle rows of a batch write there.
  const fittingTokens = Math.floor((memoryLimitBytes - fixedBytes) / bytesOfToken) - 1
  if (fittingTokens >= floorTokens && loadingBytes <= memoryLimitBytes) {
    return Math.min(wantedTokens, fittingTokens)
  }
  const neededBytes = Math.max(loadingBytes, fixedBytes + bytesOfToken * (floorTokens + 1))
  throw new ConfigError('MODEL_NEEDS_MORE_MEMORY', 'weights and caches exceed the memory limit', {
    remedy: 'Raise the memory limit, use fewer slots or a smaller model.',
    data: { neededBytes, limitBytes: memoryLimitBytes, contextTokens: floorTokens },
  })
}

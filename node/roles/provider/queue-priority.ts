/** Who goes first where requests wait for a slot, by what is paid. */
import { QUEUE_PRIORITY_MAX } from '#inference/constants.ts'
import type { UnitPrices } from '#protocol/money.ts'
import { PRIORITY_ZERO_NANO } from '../constants.ts'

/**
 * 0 up to PRIORITY_ZERO_NANO for a million completion tokens, a step more for each doubling of it, never
 * over QUEUE_PRIORITY_MAX: ratios of prices count, not differences, and twice the price overtakes whoever came
 * less than one QUEUE_AGEING_MS before. Completion tokens alone count, since a slot is held by making them.
 */
export function queuePriority({ completionNanoPerMtok }: UnitPrices): number {
  let priority = 0
  let stepNano = 2n * PRIORITY_ZERO_NANO
  while (priority < QUEUE_PRIORITY_MAX && completionNanoPerMtok >= stepNano) {
    priority++
    stepNano *= 2n
  }
  return priority
}

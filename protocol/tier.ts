import { Tier } from './wire/gen/cocoon_pb.ts'

/** How much a provider's word is backed by hardware; always shown, never blurred. */
export type TierName = 'open' | 'simulated' | 'confidential'

const TO_WIRE: Record<TierName, Tier> = {
  open: Tier.OPEN,
  simulated: Tier.SIMULATED,
  confidential: Tier.CONFIDENTIAL,
}

export function tierToWire(name: TierName): Tier {
  return TO_WIRE[name]
}

/** Undefined for TIER_UNSPECIFIED and for numbers that no version of this protocol knows. */
export function tierFromWire(tier: number): TierName | undefined {
  if (tier === Tier.OPEN) return 'open'
  if (tier === Tier.SIMULATED) return 'simulated'
  return tier === Tier.CONFIDENTIAL ? 'confidential' : undefined
}

import { Tier } from '../wire/gen/cocoon_pb.ts'

/** The three assurance tiers, as in attestation/types.ts; `protocol` imports no other room. */
export type AssuranceTier = 'confidential' | 'simulated' | 'open'

/** TON global id of mainnet, where the simulated tier does not exist. */
export const MAINNET_GLOBAL_ID = -239

const TO_WIRE = {
  open: Tier.OPEN,
  simulated: Tier.SIMULATED,
  confidential: Tier.CONFIDENTIAL,
} as const

export function tierToWire(tier: AssuranceTier): Tier {
  return TO_WIRE[tier]
}

/** Undefined: not one of the three. */
export function tierFromWire(tier: Tier): AssuranceTier | undefined {
  if (tier === Tier.OPEN) return 'open'
  if (tier === Tier.SIMULATED) return 'simulated'
  if (tier === Tier.CONFIDENTIAL) return 'confidential'
  return undefined
}

/** Order of assurance: open, then simulated, then confidential. */
export function tierRank(tier: AssuranceTier): number {
  return TO_WIRE[tier]
}

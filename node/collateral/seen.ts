/**
 * A client's memory of TDX collateral: what came with evidence that passed is kept, offered to peers, and used
 * instead of older collateral for the same platform. A provider that holds back a TCB recovery is so judged by what
 * another one showed (docs/spec/attestation.md#collateral).
 */
import { tdxCollateralNeed } from '#attestation/evidence/collateral-facts.ts'
import { equal } from '#protocol/bytes.ts'
import type { Evidence } from '#protocol/evidence.ts'
import { type TdxCollateralOptions, tdxCollateral } from './tdx-collateral.ts'

/** Only TDX: the collateral of a SEV-SNP report is of one chip. */
export function seenCollateral(options: Omit<TdxCollateralOptions, 'sources'>) {
  const cache = tdxCollateral({ ...options, sources: [] })
  return {
    /** The same evidence, with the collateral that is kept when that is newer. */
    renewed(evidence: Evidence): Evidence {
      const need = needOf(evidence)
      if (need === undefined) return evidence
      const kept = cache.peek(need)
      if (kept === undefined || equal(kept, evidence.collateral)) return evidence
      // What is newer, and good for this platform, is kept; what is older, or no collateral, is not.
      attempt(() => cache.accept(need, evidence.collateral))
      const newest = cache.peek(need) ?? kept
      return equal(newest, evidence.collateral) ? evidence : { ...evidence, collateral: newest }
    },
    /** Evidence that passed. */
    passed(evidence: Evidence): void {
      const need = needOf(evidence)
      if (need !== undefined) attempt(() => cache.accept(need, evidence.collateral))
    },
    /** By key, for peers that ask. */
    offered: (key: string): Uint8Array | undefined => cache.offered(key),
  }
}

function needOf({ kind, quote }: Evidence) {
  return kind === 'tdx' ? attempt(() => tdxCollateralNeed(quote)) : undefined
}

/** Undefined when it throws: whether evidence is good is for the verdict to say, not for the memory. */
function attempt<T>(task: () => T): T | undefined {
  try {
    return task()
  } catch {
    return undefined
  }
}

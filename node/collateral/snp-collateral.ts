/** The collateral of SEV-SNP reports: the cache with its key and its check. */
import path from 'node:path'
import {
  type SnpCollateralNeed,
  snpCollateralFacts,
} from '#attestation/evidence/snp-collateral-facts.ts'
import { tcbText } from '#attestation/verify/snp/tcb.ts'
import type { AppraisalContext } from '#attestation/verify/tee-verifier.ts'
import type { Clock } from '#protocol/clock.ts'
import { CollateralCache } from './cache.ts'
import { CollateralFiles } from './files.ts'
import type { CollateralSource } from './source.ts'

export interface SnpCollateralOptions {
  readonly context: Omit<AppraisalContext, 'nowMs'>
  readonly clock: Clock
  readonly dataDir: string
  readonly sources: readonly CollateralSource<SnpCollateralNeed>[]
}

/** A VCEK is of one chip at one TCB; the id is cut so that the name of the file stays short. */
function keyOf({ product, signingKey, hardwareId, tcb }: SnpCollateralNeed): string {
  const svns = tcbText(tcb).replace(/[^0-9]+/g, '-')
  return `snp-${product}-${signingKey}-${hardwareId.slice(0, 32)}${svns}`
}

export function snpCollateral(options: SnpCollateralOptions): CollateralCache<SnpCollateralNeed> {
  const { context, clock, dataDir, sources } = options
  return new CollateralCache({
    clock,
    files: new CollateralFiles(path.join(dataDir, 'collateral')),
    sources,
    keyOf,
    check: (bytes, need, nowMs) => snpCollateralFacts(bytes, need, { ...context, nowMs }),
  })
}

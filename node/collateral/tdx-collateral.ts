/** The collateral of TDX quotes: cache, services and peers put together. */
import path from 'node:path'
import {
  type TdxCollateralNeed,
  tdxCollateralFacts,
} from '#attestation/evidence/collateral-facts.ts'
import type { TrustAnchor } from '#attestation/types.ts'
import type { Clock } from '#protocol/clock.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { CollateralCache, type CollateralComponents } from './cache.ts'
import { CollateralFiles } from './files.ts'
import type { CollateralSource } from './source.ts'

export interface TdxCollateralOptions {
  readonly crypto: CryptoPort
  /** The machine's own clock or the chain's; never one that came with collateral. */
  readonly clock: Clock
  readonly anchors: readonly TrustAnchor[]
  readonly dataDir: string
  /** In the order in which they are asked. */
  readonly sources: readonly CollateralSource<TdxCollateralNeed>[]
  readonly onTrouble?: CollateralComponents<TdxCollateralNeed>['onTrouble']
}

/** `tdx-<fmspc>-<authority>`: what a peer asks by, and the name of the file. */
export function tdxCollateralKey({ fmspc, authority }: TdxCollateralNeed): string {
  return `tdx-${fmspc}-${authority}`
}

export function tdxCollateral(options: TdxCollateralOptions): CollateralCache<TdxCollateralNeed> {
  const { crypto, clock, anchors, dataDir, sources, onTrouble } = options
  return new CollateralCache({
    clock,
    files: new CollateralFiles(path.join(dataDir, 'collateral')),
    sources,
    keyOf: tdxCollateralKey,
    check: (bytes, need, nowMs) => tdxCollateralFacts(bytes, need, { crypto, nowMs, anchors }),
    ...(onTrouble === undefined ? {} : { onTrouble }),
  })
}

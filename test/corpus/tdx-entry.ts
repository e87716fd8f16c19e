/** Raw TDX evidence as a case: a quote that one thing is wrong with. */
import { type Forgery, makeTdx, newKey, platform, root } from '#test/attestation/forge.ts'
import type { CorpusEntry, EntryChanges } from './entry.ts'

/** A forged quote beside its collateral, judged without a statement. */
export function tdx(
  id: string,
  comment: string,
  failed: readonly string[],
  forgery: Forgery = {},
  changes: EntryChanges = {},
): CorpusEntry {
  const { quote, collateral } = makeTdx(forgery)
  const { nowMs: clockMs, globalId, policy, anchors } = forgery.context ?? {}
  return {
    id,
    comment,
    failed,
    evidence: quote,
    collateral,
    allowUnbound: true,
    clockMs,
    globalId,
    policy,
    anchors,
    ...changes,
  }
}

/** A quote alone: what is wrong shows before any collateral is looked at. */
export function tdxAlone(
  id: string,
  comment: string,
  failed: readonly string[],
  forgery: Forgery = {},
): CorpusEntry {
  return tdx(id, comment, failed, forgery, { collateral: undefined })
}

/** Bytes in the place of a quote, without collateral. */
export function quoteBytes(
  id: string,
  comment: string,
  failed: readonly string[],
  quote: Uint8Array,
): CorpusEntry {
  return { id, comment, failed, evidence: quote, allowUnbound: true }
}

export const PCK = 'Intel SGX PCK Certificate'
export const pckKey = newKey(PCK)

/** A quote whose PCK certificate is this one, under the honest authorities. */
export function withPck(certificate: Uint8Array): Forgery {
  return {
    material: { pckKey, pckChain: [certificate, platform.certificate, root.certificate] },
  }
}

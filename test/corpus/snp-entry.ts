/** SNP evidence as a case: a report beside its chain, or the whole bundle. */
import {
  amdOf,
  makeSnpEvidence,
  nvidia,
  type SnpForgery,
  snpContext,
} from '#test/attestation/snp-network.ts'
import { bundle, type CorpusEntry, type EntryChanges } from './entry.ts'

function settings({ kind, context = {} }: SnpForgery): EntryChanges {
  const { nowMs: clockMs, globalId } = context
  const anchors = context.anchors ?? [amdOf(kind).anchor]
  return { clockMs, globalId, anchors, policy: context.policy ?? snpContext(kind).policy }
}

/** A forged report, judged without a statement. */
export function snp(
  id: string,
  comment: string,
  failed: readonly string[],
  forgery: SnpForgery = {},
): CorpusEntry {
  const { quote, collateral } = makeSnpEvidence(forgery)
  const given = settings(forgery)
  return { id, comment, failed, evidence: quote, collateral, allowUnbound: true, ...given }
}

/** A forged report with its statement. */
export function snpBundle(
  id: string,
  comment: string,
  failed: readonly string[],
  forgery: SnpForgery = {},
  changes: EntryChanges = {},
): CorpusEntry {
  const given = settings(forgery)
  const anchors =
    forgery.gpuEvidence === undefined ? given.anchors : [amdOf(forgery.kind).anchor, nvidia.anchor]
  return bundle(id, comment, failed, makeSnpEvidence(forgery), { ...given, anchors, ...changes })
}

/** A policy whose SNP section has these changes. */
export function underSnp(
  changes: Partial<ReturnType<typeof snpContext>['policy']['snp']>,
): Pick<SnpForgery, 'context'> {
  const { policy } = snpContext()
  return { context: { policy: { ...policy, snp: { ...policy.snp, ...changes } } } }
}

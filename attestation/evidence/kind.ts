/** Which kind of evidence a machine makes; a simulated machine makes the kind that it imitates. */
import type { QuoteSource } from '#attestation/types.ts'
import type { EvidenceKind } from '#protocol/evidence.ts'

export function evidenceKindOf(tee: QuoteSource['tee']): EvidenceKind {
  if (tee === 'none') return 'none'
  return tee === 'tdx' || tee === 'simulated-tdx' ? 'tdx' : 'sev-snp'
}

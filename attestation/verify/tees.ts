/** Every kind of machine whose evidence can be judged: a new one is a folder of its own and a line here. */
import type { EvidenceKind } from '#protocol/evidence.ts'
import { SNP_VERIFIER } from './snp/snp.ts'
import { TDX_VERIFIER } from './tdx.ts'
import type { TeeVerifier } from './tee-verifier.ts'

const VERIFIERS: readonly TeeVerifier[] = [TDX_VERIFIER, SNP_VERIFIER]

/** undefined: evidence of this kind is refused. */
export function teeVerifier(kind: EvidenceKind): TeeVerifier | undefined {
  return VERIFIERS.find((one) => one.kind === kind)
}

/** A case of the corpus before it is written. */
import { encodeBundle } from '#attestation/evidence/bundle-file.ts'
import type { AttestationPolicy } from '#attestation/policy/policy.ts'
import type { TrustAnchor } from '#attestation/types.ts'
import type { Evidence } from '#protocol/evidence.ts'
import { core, nowMs } from '#test/attestation/network.ts'

export interface CorpusEntry {
  readonly id: string
  readonly comment: string
  /** Every step that fails, in the order of the verdict; none: the case is good. */
  readonly failed: readonly string[]
  readonly evidence: Uint8Array
  readonly collateral?: Uint8Array | undefined
  readonly certificates?: readonly Uint8Array[]
  readonly clockMs?: number | undefined
  readonly globalId?: number | undefined
  readonly anchors?: readonly TrustAnchor[] | undefined
  readonly policy?: AttestationPolicy | 'production' | undefined
  readonly compare?: Comparison
  /** Whether steps with nothing to compare with may be skipped. */
  readonly allowUnbound?: boolean
}

export interface Comparison {
  readonly identityKey?: Uint8Array
  readonly modelRoot?: Uint8Array
  readonly clientNonce?: Uint8Array
  /** null: the verifier's chain has no such block. */
  readonly block?: { seqno: number; rootHash: Uint8Array; timeMs: number } | null
  readonly gpusSeen?: readonly { gpu: string; machine: string; timeMs: number }[]
}

/** The block that the statements of these cases name. */
export const block = {
  seqno: core.notBefore.seqno,
  rootHash: core.notBefore.rootHash,
  timeMs: nowMs - 300_000,
}

/** What an attentive client compares a bundle with. */
export const attentive: Comparison = {
  identityKey: core.identityKey,
  modelRoot: core.modelRoot,
  block,
}

export type EntryChanges = Partial<Omit<CorpusEntry, 'id' | 'comment' | 'failed'>>

/** A bundle, compared with everything that it names. */
export function bundle(
  id: string,
  comment: string,
  failed: readonly string[],
  evidence: Evidence,
  changes: EntryChanges = {},
): CorpusEntry {
  return { id, comment, failed, evidence: encodeBundle(evidence), compare: attentive, ...changes }
}

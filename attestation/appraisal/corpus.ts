/**
 * Cases of the public corpus: evidence with everything that it is judged by, and what must come of it
 * (docs/spec/attestation-corpus.md). Pure: another implementation runs the same files.
 */
import { z } from 'zod'
import { amdAnchor } from '#attestation/anchors/amd.ts'
import { intelAnchor } from '#attestation/anchors/intel.ts'
import { nvidiaAnchor } from '#attestation/anchors/nvidia.ts'
import { decodeBundle } from '#attestation/evidence/bundle-file.ts'
import { defaultPolicy } from '#attestation/policy/builtin.ts'
import { parsePolicy } from '#attestation/policy/policy.ts'
import { SNP_PRODUCTS } from '#attestation/policy/snp-section.ts'
import type { TrustAnchor } from '#attestation/types.ts'
import type { AppraisalContext } from '#attestation/verify/tee-verifier.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { asCocoonError, ConfigError } from '#protocol/errors.ts'
import { type Appraisal, unreadable } from './appraisal.ts'
import { appraiseBundle } from './bundle.ts'
import { appraiseGpuReport } from './gpu.ts'
import { appraiseRaw } from './raw.ts'
import { recogniseEvidence } from './recognise.ts'

const bytes = z
  .base64()
  .transform((text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0)))
const moment = z.iso.datetime().transform((text) => Date.parse(text))
const stepName = z.string().regex(/^[a-z0-9-]{1,64}$/)

const caseSchema = z.strictObject({
  format: z.literal('cocoon-attestation-case/1'),
  id: stepName,
  comment: z.string().min(1),
  input: z.strictObject({
    /** A file as `cocoon attest verify` takes it, in binary. */
    evidence: bytes,
    /** Exact bytes of a TdxCollateral or SnpCollateral, for raw evidence. */
    collateral: bytes.optional(),
    /** DER, leaf first, for NVIDIA reports. */
    certificates: z.array(bytes).max(8).optional(),
  }),
  /** The verifier's own time. */
  clock: moment,
  globalId: z.number().int(),
  /** The manufacturers' roots are always there. */
  anchors: z.array(
    z.strictObject({
      id: z.string(),
      kind: z.enum(['tdx-dcap', 'amd-ark', 'nvidia-device-identity']),
      environment: z.enum(['production', 'simulated']),
      rootCertificate: bytes,
    }),
  ),
  /** A policy document, or `production`. */
  policy: z.union([z.literal('production'), z.record(z.string(), z.unknown())]),
  /** What a bundle is compared with. */
  compare: z.strictObject({
    identityKey: bytes.optional(),
    modelRoot: bytes.optional(),
    clientNonce: bytes.optional(),
    /** The block that the statement names, as the verifier's chain has it; null: it has none. */
    block: z
      .strictObject({ seqno: z.number().int(), rootHash: bytes, time: moment })
      .nullable()
      .optional(),
  }),
  allowUnbound: z.boolean(),
  expect: z.strictObject({
    ok: z.boolean(),
    tier: z.enum(['confidential', 'simulated']).optional(),
    /** Every step that fails, in order, and no other. */
    failed: z.array(stepName),
  }),
})

export type CorpusCase = z.output<typeof caseSchema>

/** What came of a case, beside what had to. */
export interface CaseResult {
  readonly id: string
  readonly comment: string
  readonly isAsExpected: boolean
  readonly expected: string
  readonly found: string
}

/** @throws ConfigError CORPUS_INVALID naming the field */
export function parseCase(document: unknown): CorpusCase {
  const parsed = caseSchema.safeParse(document)
  if (parsed.success) return parsed.data
  const field = parsed.error.issues[0]?.path.join('.') ?? ''
  throw new ConfigError('CORPUS_INVALID', `a case of the corpus is invalid at "${field}"`, {
    remedy: 'Get the corpus again; docs/spec/attestation-corpus.md lists every field.',
  })
}

/**
 * Judges a case. An error of the verifier itself is a result that is never as expected.
 * @throws ConfigError POLICY_INVALID
 */
export function runCase(one: CorpusCase, crypto: CryptoPort): CaseResult {
  const { id, comment, expect } = one
  const appraisal = judge(one, contextOf(one, crypto))
  const found = outcome(appraisal)
  const tier = expect.tier ?? appraisal.tier
  const wanted = outcome({ ok: expect.ok, tier, steps: expect.failed.map(failedStep) })
  return { id, comment, isAsExpected: found === wanted, expected: wanted, found }
}

function failedStep(name: string): { name: string; status: 'failed' } {
  return { name, status: 'failed' }
}

/** `ok simulated` or `refused: pck-chain, revocation`. */
function outcome(result: {
  readonly ok: boolean
  readonly tier: string
  readonly steps: readonly { readonly name: string; readonly status: string }[]
}): string {
  const failed = result.steps.filter(({ status }) => status === 'failed').map(({ name }) => name)
  if (result.ok) return `ok ${result.tier}${failed.join(', ')}`
  return `refused${failed.length === 0 ? '' : `: ${failed.join(', ')}`}`
}

function contextOf(one: CorpusCase, crypto: CryptoPort): AppraisalContext {
  const production: readonly TrustAnchor[] = [
    intelAnchor(crypto),
    ...SNP_PRODUCTS.map((product) => amdAnchor(crypto, product)),
    nvidiaAnchor(crypto),
  ]
  const policy = one.policy === 'production' ? defaultPolicy() : parsePolicy(one.policy)
  const { globalId, clock: nowMs } = one
  return { crypto, globalId, nowMs, anchors: [...production, ...one.anchors], policy }
}

function judge(one: CorpusCase, context: AppraisalContext): Appraisal {
  const { input, compare, allowUnbound } = one
  const options = { allowUnbound }
  const { collateral, certificates } = input
  const recognised = recogniseEvidence(input.evidence)
  switch (recognised?.form) {
    case undefined:
      return unreadable('unknown', 'no known form')
    case 'tdx-quote':
      return appraiseRaw({ kind: 'tdx', quote: recognised.bytes, collateral }, context, options)
    case 'snp-report':
      return appraiseRaw({ kind: 'sev-snp', quote: recognised.bytes, collateral }, context, options)
    case 'nvidia-report':
      return appraiseGpuReport(recognised.bytes, certificates, context, options)
    case 'bundle': {
      const { block } = compare
      const known = block && { ...block, timeMs: block.time }
      const expected = {
        ...compare,
        block: known === undefined ? ('unknown' as const) : (known ?? undefined),
      }
      try {
        return appraiseBundle(decodeBundle(recognised.bytes), context, expected, options)
      } catch (error) {
        return unreadable('bundle', asCocoonError(error).message)
      }
    }
  }
}

/** Runs cases of the public corpus: evidence judged as it says, beside what must come of it. Pure. */
import { amdAnchor } from '#attestation/anchors/amd.ts'
import { intelAnchor } from '#attestation/anchors/intel.ts'
import { nvidiaAnchor } from '#attestation/anchors/nvidia.ts'
import { decodeBundle } from '#attestation/evidence/bundle-file.ts'
import { SNP_PRODUCTS } from '#attestation/policy/snp-section.ts'
import type { TrustAnchor } from '#attestation/types.ts'
import type { GpuContext } from '#attestation/verify/gpu/gpu.ts'
import { GpuSightings } from '#attestation/verify/gpu/sightings.ts'
import { BROKEN_CHECK } from '#attestation/verify/refuse.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { asCocoonError } from '#protocol/errors.ts'
import { type Appraisal, unreadable } from './appraisal.ts'
import { appraiseBundle } from './bundle.ts'
import type { CorpusCase } from './corpus-case.ts'
import { appraiseGpuReport } from './gpu.ts'
import { appraiseRaw } from './raw.ts'
import { recogniseEvidence } from './recognise.ts'

/** What came of a case, beside what had to. */
export interface CaseResult {
  readonly id: string
  readonly comment: string
  readonly isAsExpected: boolean
  readonly expected: string
  readonly found: string
}

/** Judges a case. A check that broke instead of refusing is never as expected. */
export function runCase(one: CorpusCase, crypto: CryptoPort): CaseResult {
  const { id, comment, expect } = one
  const appraisal = appraiseCase(one, crypto)
  const broken = appraisal.steps.find(({ detail }) => detail === BROKEN_CHECK)
  const found = broken === undefined ? outcome(appraisal) : `${broken.name} broke`
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

function contextOf(one: CorpusCase, crypto: CryptoPort): GpuContext {
  const production: readonly TrustAnchor[] = [
    intelAnchor(crypto),
    ...SNP_PRODUCTS.map((product) => amdAnchor(crypto, product)),
    nvidiaAnchor(crypto),
  ]
  const { globalId, clock: nowMs, policy } = one
  const gpuSightings = new GpuSightings()
  for (const { gpu, machine, time } of one.compare.gpusSeen ?? []) {
    gpuSightings.record(gpu, machine, time)
  }
  const anchors = [...production, ...one.anchors]
  return { crypto, globalId, nowMs, anchors, policy, gpuSightings }
}

/** The whole appraisal of a case, whatever was expected of it. */
export function appraiseCase(one: CorpusCase, crypto: CryptoPort): Appraisal {
  const context = contextOf(one, crypto)
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

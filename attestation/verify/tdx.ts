/**
 * The strict DCAP verifier for TDX: one order of checks for Intel's machines and simulated ones, only
 * the trust anchor differs. Pure and synchronous; whoever calls it brings quote and collateral.
 */
import type { AttestationPolicy } from '#attestation/policy/policy.ts'
import { StepRecorder } from '#attestation/steps.ts'
import type { TrustAnchor, VerdictStep } from '#attestation/types.ts'
import { toHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { decodeCollateral } from './collateral.ts'
import { expectMeasurements } from './measurements.ts'
import { parseTdxQuote, type TdxQuote } from './quote.ts'
import type { PlatformIdentity } from './sgx-extension.ts'
import type { TcbJudgement } from './tcb-status.ts'
import { expectTdAttributes } from './td-attributes.ts'
import { checkTcb } from './tdx-tcb.ts'
import { checkTrust } from './tdx-trust.ts'

export interface TdxEvidence {
  readonly quote: Uint8Array
  /** Exact bytes of a TdxCollateral. */
  readonly collateral: Uint8Array
}

export interface TdxContext {
  readonly crypto: CryptoPort
  /** The verifier's own network; mainnet is -239. */
  readonly globalId: number
  /** Time of the chain that the verifier reads, Unix milliseconds. */
  readonly nowMs: number
  readonly anchors: readonly TrustAnchor[]
  readonly policy: AttestationPolicy
}

/** What the quote proved; each part is undefined when its step did not pass. */
export interface TdxFindings {
  readonly quote: TdxQuote | undefined
  readonly anchor: TrustAnchor | undefined
  readonly platform: PlatformIdentity | undefined
  readonly tcb: TcbJudgement | undefined
  /** 32-byte digest of the release whose measurements matched. */
  readonly runtimeDigest: Uint8Array | undefined
}

/** Runs every step from `quote-format` to `measurements`, in their order. */
export function checkTdx(
  steps: StepRecorder,
  evidence: TdxEvidence,
  context: TdxContext,
): TdxFindings {
  const { policy } = context
  const quote = steps.run('quote-format', [], () => {
    const value = parseTdxQuote(evidence.quote)
    return { found: `version 4, ${evidence.quote.length} bytes`, value }
  })
  const collateral = steps.run('collateral-format', [], () => {
    const value = decodeCollateral(evidence.collateral)
    return { found: `${evidence.collateral.length} bytes`, value }
  })
  const trust = checkTrust(steps, context, quote, collateral)
  const tcb = checkTcb(steps, context, { quote, collateral, ...trust })
  steps.run('td-attributes', [quote], ({ body }) => {
    expectTdAttributes(body, policy)
    return { found: `${toHex(body.tdAttributes)}, XFAM ${toHex(body.xfam)}`, value: true }
  })
  const release = steps.run('measurements', [quote], ({ body }) => {
    const value = expectMeasurements(body, policy)
    return { found: value.label, value }
  })
  const { anchor, platform } = trust
  return { quote, anchor, platform, tcb, runtimeDigest: release?.runtimeDigest }
}

/** The quote's own steps without a statement, for tools that look at a quote from elsewhere. */
export function appraiseTdx(
  evidence: TdxEvidence,
  context: TdxContext,
): TdxFindings & { readonly steps: readonly VerdictStep[] } {
  const steps = new StepRecorder()
  const findings = checkTdx(steps, evidence, context)
  return { ...findings, steps: steps.steps }
}

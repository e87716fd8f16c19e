/**
 * The strict DCAP verifier for TDX: one order of checks for Intel's machines and simulated ones, only
 * the trust anchor differs. Pure and synchronous; whoever calls it brings quote and collateral.
 */
import { StepRecorder } from '#attestation/steps.ts'
import type { VerdictStep } from '#attestation/types.ts'
import { toHex } from '#protocol/bytes.ts'
import { decodeCollateral } from './collateral.ts'
import { expectMeasurements } from './measurements.ts'
import { parseTdxQuote, type TdxQuote } from './quote.ts'
import type { PlatformIdentity } from './sgx-extension.ts'
import type { TcbJudgement } from './tcb-status.ts'
import { expectTdAttributes } from './td-attributes.ts'
import { TDX_STEPS, type TdxStepName } from './tdx-steps.ts'
import { checkTcb } from './tdx-tcb.ts'
import { checkTrust } from './tdx-trust.ts'
import type { AppraisalContext, TeeEvidence, TeeFindings, TeeVerifier } from './tee-verifier.ts'

/** What the quote proved; each part is undefined when its step did not pass. */
export interface TdxFindings extends TeeFindings {
  readonly quote: TdxQuote | undefined
  /** PPID, FMSPC and TCB of the platform, from its PCK certificate. */
  readonly platform: PlatformIdentity | undefined
  readonly tcb: TcbJudgement | undefined
}

/** Runs every step from `quote-format` to `measurements`, in their order. */
function checkTdx(
  steps: StepRecorder<TdxStepName>,
  evidence: TeeEvidence,
  context: AppraisalContext,
): TdxFindings {
  const { policy } = context
  const quote = steps.run('quote-format', [], () => {
    const value = parseTdxQuote(evidence.quote)
    const body = value.body.td15 === undefined ? 'TD 1.0' : 'TD 1.5'
    return { found: `version ${value.version}, ${body}, ${evidence.quote.length} bytes`, value }
  })
  const collateral = steps.run('collateral-format', [], () => {
    const value = decodeCollateral(evidence.collateral)
    return { found: `${evidence.collateral.length} bytes`, value }
  })
  const trust = checkTrust(steps, context, quote, collateral)
  const tcb = checkTcb(steps, context, { quote, collateral, ...trust })
  steps.run('td-attributes', [quote], ({ body }) => {
    expectTdAttributes(body, policy.tdx)
    return { found: `${toHex(body.tdAttributes)}, XFAM ${toHex(body.xfam)}`, value: true }
  })
  const release = steps.run('measurements', [quote], ({ body }) => {
    const log = evidence.eventLog ?? new Uint8Array(0)
    const value = expectMeasurements(context.crypto, body, log, policy.tdx.measurements)
    return { found: value.label, value }
  })
  const { anchor, platform } = trust
  return {
    quote,
    anchor,
    platform,
    tcb,
    reportData: quote?.body.reportData,
    hardware: platform && { kind: 'tdx', id: platform.ppid },
    runtimeDigests: release?.runtimeDigests,
  }
}

export const TDX_VERIFIER: TeeVerifier = { kind: 'tdx', steps: TDX_STEPS, check: checkTdx }

/** The quote's own steps without a statement, for tools that look at a quote from elsewhere. */
export function appraiseTdx(
  evidence: TeeEvidence,
  context: AppraisalContext,
): TdxFindings & { readonly steps: readonly VerdictStep[] } {
  const steps = new StepRecorder(TDX_STEPS)
  const findings = checkTdx(steps, evidence, context)
  return { ...findings, steps: steps.steps }
}

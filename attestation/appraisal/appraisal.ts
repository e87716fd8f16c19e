/** The outcome of judging evidence out of a file: a verdict, and how much of it is bound to anything. */
import type { EvidenceForm } from '#attestation/appraisal/recognise.ts'
import type { StepRule } from '#attestation/step-rules.ts'
import type { AssuranceTier, VerdictStep } from '#attestation/types.ts'
import { CONDITIONAL_STEPS } from '#attestation/verdict-steps.ts'
import type { HardwareIdentity } from '#attestation/verify/hardware.ts'

export interface Appraisal {
  /** What the file holds; `unknown` never is ok. */
  readonly form: EvidenceForm | 'unknown'
  readonly tier: AssuranceTier
  readonly ok: boolean
  /** False: some steps that tie evidence to a peer, a model or a moment had nothing to compare with. */
  readonly bound: boolean
  readonly hardware?: HardwareIdentity
  readonly steps: readonly VerdictStep[]
}

export interface AppraisalInput {
  readonly form: EvidenceForm
  readonly tier: AssuranceTier
  readonly hardware?: HardwareIdentity | undefined
  readonly steps: readonly VerdictStep[]
  /** Steps that were not judged for want of something to compare with, and what that is. */
  readonly unbound: ReadonlyMap<string, string>
  readonly allowUnbound: boolean
}

/**
 * Ok when every step passed; steps in `unbound` count as skipped, which is good only when the caller
 * allows it. A failed step stays failed, whatever is allowed.
 */
export function conclude(input: AppraisalInput): Appraisal {
  const { form, tier, unbound, allowUnbound, hardware } = input
  const steps = input.steps.map((step) => {
    const reason = unbound.get(step.name)
    return reason === undefined || step.status === 'failed' ? step : skipped(step, reason)
  })
  const isGood = (step: VerdictStep): boolean => {
    if (step.status === 'passed') return true
    if (unbound.has(step.name)) return allowUnbound && step.status === 'skipped'
    return step.status === 'not-required' && CONDITIONAL_STEPS.includes(step.name)
  }
  const found = hardware === undefined ? {} : { hardware }
  const ok = steps.length > 0 && steps.every(isGood)
  return { form, tier, ok, bound: unbound.size === 0, ...found, steps }
}

export function skipped(step: VerdictStep, detail: string): VerdictStep {
  return { ...step, status: 'skipped', found: '', detail }
}

/** A step that no verifier ran. */
export function stepOf(
  name: string,
  rule: StepRule,
  outcome: Pick<VerdictStep, 'status' | 'detail'>,
): VerdictStep {
  const { term, evidence, required, reference } = rule
  const step = { name, term, evidence, found: '', required, reference, ...outcome }
  return outcome.status === 'failed' ? { ...step, advice: rule.advice ?? 'stop' } : step
}

/** Evidence of no known form, or whose outer encoding is broken. */
export function unreadable(form: Appraisal['form'], detail: string): Appraisal {
  const rule = {
    term: 'evidence',
    evidence: 'file',
    required: 'a bundle, a TDX quote, an SNP report or an NVIDIA report, in binary or hexadecimal',
    reference: 'docs/spec/cli.md',
  }
  const step = stepOf('evidence-format', rule, { status: 'failed', detail })
  return { form, tier: 'simulated', ok: false, bound: false, steps: [step] }
}

/** Which steps a verdict must have, and what they come to together. */
import { AttestationError } from '#protocol/errors.ts'
import type { EvidenceKind } from '#protocol/evidence.ts'
import {
  BINDING_STEPS,
  CONDITIONAL_BINDING_STEPS,
  STATEMENT_STEPS,
  type StepRules,
} from './step-rules.ts'
import type { Advice, Verdict, VerdictStep } from './types.ts'
import { GPU_STEPS } from './verify/gpu/steps.ts'
import { OPEN_STEPS } from './verify/open.ts'
import { teeVerifier } from './verify/tees.ts'

/** Good when passed, or when neither mode nor policy nor evidence asks for them. */
export const CONDITIONAL_STEPS: readonly string[] = [
  ...CONDITIONAL_BINDING_STEPS,
  ...Object.keys(GPU_STEPS),
]

const { 'policy-digest': _, ...STATEMENT_STEPS_OF_ALL } = STATEMENT_STEPS
const OPEN_RULES: StepRules = {
  ...STATEMENT_STEPS_OF_ALL,
  ...OPEN_STEPS,
  nonce: BINDING_STEPS.nonce,
}

/** Rules of every step of a verdict on this kind of evidence, in order. */
export function stepRules(kind: EvidenceKind): StepRules {
  if (kind === 'none') return OPEN_RULES
  return { ...STATEMENT_STEPS, ...teeVerifier(kind)?.steps, ...BINDING_STEPS, ...GPU_STEPS }
}

export function stepNames(kind: EvidenceKind): readonly string[] {
  return Object.keys(stepRules(kind))
}

/** Every one must be `passed`. */
export function mandatorySteps(kind: EvidenceKind): readonly string[] {
  return stepNames(kind).filter((name) => !CONDITIONAL_STEPS.includes(name))
}

/**
 * Every mandatory step once and passed, conditional ones once and not failed, any others passed. Evidence
 * of a kind without a verifier is never good.
 */
export function allStepsGood(kind: EvidenceKind, steps: readonly VerdictStep[]): boolean {
  if (kind !== 'none' && teeVerifier(kind) === undefined) return false
  const areOnce = stepNames(kind).every(
    (name) => steps.filter((step) => step.name === name).length === 1,
  )
  return areOnce && steps.every(isGood)
}

function isGood(step: VerdictStep): boolean {
  if (step.status === 'passed') return true
  return step.status === 'not-required' && CONDITIONAL_STEPS.includes(step.name)
}

/**
 * A step that only the caller can check (the session's transcript), added to a verdict.
 * @throws RangeError when the verdict has a step of this name already
 */
export function withStep(verdict: Verdict, step: VerdictStep): Verdict {
  if (verdict.steps.some((one) => one.name === step.name)) throw new RangeError('step added twice')
  const steps = [...verdict.steps, step]
  return { ...verdict, ok: allStepsGood(verdict.evidenceKind, steps), steps }
}

/** What to do about a step that failed, for people. */
export const ADVICE_TEXT: Readonly<Record<Advice, string>> = {
  stop: 'Send nothing to this provider; choose another one.',
  retry: 'Ask this provider again for fresh evidence, or choose another one.',
  fix: 'Correct your own policy or configuration; this evidence may be good.',
}

/**
 * @throws AttestationError EVIDENCE_REFUSED, naming the first step that failed and what to do about it
 */
export function requireVerdict(verdict: Verdict): void {
  if (verdict.ok && allStepsGood(verdict.evidenceKind, verdict.steps)) return
  const bad = verdict.steps.find((step) => step.status === 'failed')
  const step = bad ?? verdict.steps.find((one) => !isGood(one))
  const name = step?.name ?? 'steps-missing'
  const advice = step?.advice ?? 'stop'
  throw new AttestationError(
    'EVIDENCE_REFUSED',
    `${name}: ${step?.detail ?? 'incomplete verdict'}`,
    { data: { step: name, advice }, remedy: ADVICE_TEXT[advice] },
  )
}

/** Runs the steps of a verdict, and says what they come to together. */
import { AttestationError } from '#protocol/errors.ts'
import { CONDITIONAL_STEPS, STEP_NAMES, STEPS, type StepName } from './step-rules.ts'
import type { StepStatus, Verdict, VerdictStep } from './types.ts'
import { reasonOf } from './verify/refuse.ts'

/** What a check that succeeded found. */
export interface Finding<T> {
  readonly found: string
  readonly value: T
  readonly detail?: string
  readonly status?: Extract<StepStatus, 'passed' | 'not-required'>
}

/** A tuple whose members are all there. */
type Present<Needs extends readonly unknown[]> = {
  -readonly [At in keyof Needs]: Exclude<Needs[At], undefined>
}

function allPresent<Needs extends readonly unknown[]>(
  needs: Needs | Present<Needs>,
): needs is Present<Needs> {
  return !needs.includes(undefined)
}

/** Runs checks one after the other and keeps what each came to. */
export class StepRecorder {
  readonly #steps: VerdictStep[] = []

  get steps(): readonly VerdictStep[] {
    return this.#steps
  }

  /**
   * Runs a check on what earlier steps found; when one of those is missing the step is skipped.
   * @returns the check's value, or undefined when it was skipped or failed
   */
  run<const Needs extends readonly unknown[], T>(
    name: StepName,
    needs: Needs,
    check: (...found: Present<Needs>) => Finding<T>,
  ): T | undefined {
    if (!allPresent<Needs>(needs)) {
      this.#add(name, 'skipped', '', 'an earlier step failed')
      return undefined
    }
    try {
      const { found, value, detail = '', status = 'passed' } = check(...needs)
      this.#add(name, status, found, detail)
      return value
    } catch (thrown) {
      this.#add(name, 'failed', '', reasonOf(thrown))
      return undefined
    }
  }

  #add(name: StepName, status: StepStatus, found: string, detail: string): void {
    const { required, reference } = STEPS[name]
    this.#steps.push({ name, status, found, required, reference, detail })
  }
}

/** Every mandatory step once and passed, conditional ones once and not failed, any others passed. */
export function allStepsGood(steps: readonly VerdictStep[]): boolean {
  const known = STEP_NAMES.every((name) => steps.filter((step) => step.name === name).length === 1)
  return known && steps.every(isGood)
}

function isGood(step: VerdictStep): boolean {
  if (step.status === 'passed') return true
  return step.status === 'not-required' && CONDITIONAL_STEPS.some((name) => name === step.name)
}

/**
 * A step that only the caller can check (the session's transcript), added to a verdict.
 * @throws RangeError when the verdict has a step of this name already
 */
export function withStep(verdict: Verdict, step: VerdictStep): Verdict {
  if (verdict.steps.some((one) => one.name === step.name)) throw new RangeError('step added twice')
  const steps = [...verdict.steps, step]
  return { tier: verdict.tier, ok: allStepsGood(steps), steps }
}

/**
 * @throws AttestationError EVIDENCE_REFUSED, naming the first step that failed
 */
export function requireVerdict(verdict: Verdict): void {
  if (verdict.ok && allStepsGood(verdict.steps)) return
  const bad = verdict.steps.find((step) => step.status === 'failed')
  const step = bad ?? verdict.steps.find((one) => !isGood(one))
  const name = step?.name ?? 'steps-missing'
  throw new AttestationError(
    'EVIDENCE_REFUSED',
    `${name}: ${step?.detail ?? 'incomplete verdict'}`,
    {
      data: { step: name },
      remedy: 'Send nothing to this provider; choose another one.',
    },
  )
}

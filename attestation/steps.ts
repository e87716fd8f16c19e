/** Runs the steps of a verdict and keeps what each came to. */
import type { StepRule, StepRules } from './step-rules.ts'
import type { Advice, StepStatus, VerdictStep } from './types.ts'
import { refusalOf } from './verify/refuse.ts'

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

interface Outcome {
  readonly status: StepStatus
  readonly found: string
  readonly detail: string
  readonly advice?: Advice | undefined
}

/** Runs checks one after the other; every name has its rule. */
export class StepRecorder<Name extends string = string> {
  readonly #rules: Readonly<Record<string, StepRule>>
  readonly #steps: VerdictStep[] = []

  constructor(rules: StepRules<Name>) {
    this.#rules = rules
  }

  get steps(): readonly VerdictStep[] {
    return this.#steps
  }

  /**
   * Runs a check on what earlier steps found; when one of those is missing the step is skipped.
   * @returns the check's value, or undefined when it was skipped or failed
   */
  run<const Needs extends readonly unknown[], T>(
    name: Name,
    needs: Needs,
    check: (...found: Present<Needs>) => Finding<T>,
  ): T | undefined {
    if (!allPresent<Needs>(needs)) {
      this.#add(name, { status: 'skipped', found: '', detail: 'an earlier step failed' })
      return undefined
    }
    try {
      const { found, value, detail = '', status = 'passed' } = check(...needs)
      this.#add(name, { status, found, detail })
      return value
    } catch (thrown) {
      const { found, detail, advice } = refusalOf(thrown)
      this.#add(name, { status: 'failed', found, detail, advice })
      return undefined
    }
  }

  #add(name: Name, { status, found, detail, advice }: Outcome): void {
    const rule = this.#rules[name]
    if (rule === undefined) throw new RangeError(`no rule for step ${name}`)
    const { term, evidence, required, reference } = rule
    const step = { name, term, evidence, status, found, required, reference, detail }
    if (status !== 'failed') this.#steps.push(step)
    else this.#steps.push({ ...step, advice: advice ?? rule.advice ?? 'stop' })
  }
}

/** Collects the steps of a receipt's verdict: a step that throws has failed, and says why. */
import type { VerdictStep } from '#attestation/types.ts'
import { asCocoonError } from '#protocol/errors.ts'

export interface StepWords {
  readonly required: string
  readonly reference: string
}

export const words = (required: string, reference = 'docs/spec/receipts.md'): StepWords => ({
  required,
  reference,
})

/** What a step found. Throw `wrong` to fail it. */
export interface Found<T> {
  readonly found: string
  readonly value: T
}

export class ReceiptSteps {
  readonly steps: VerdictStep[] = []

  get ok(): boolean {
    return this.steps.every(({ status }) => status === 'passed' || status === 'not-required')
  }

  /** Runs a check; without `check` (what it needs failed before) the step is skipped. */
  run<T>(name: string, words: StepWords, check: (() => Found<T>) | undefined): T | undefined {
    if (check === undefined) {
      this.#add(name, words, 'skipped', '', 'needs a step that failed')
      return undefined
    }
    try {
      const { found, value } = check()
      this.#add(name, words, 'passed', found, '')
      return value
    } catch (thrown) {
      const detail = thrown instanceof WrongError ? thrown.message : asCocoonError(thrown).message
      this.#add(name, words, 'failed', '', detail)
      return undefined
    }
  }

  notRequired(name: string, words: StepWords, found: string, detail: string): void {
    this.#add(name, words, 'not-required', found, detail)
  }

  #add(
    name: string,
    words: StepWords,
    status: VerdictStep['status'],
    found: string,
    detail: string,
  ): void {
    this.steps.push({ name, term: name, evidence: 'receipt file', status, found, detail, ...words })
  }
}

class WrongError extends Error {}

function wrong(detail: string): never {
  throw new WrongError(detail)
}

export function require(condition: boolean, detail: string): void {
  if (!condition) wrong(detail)
}

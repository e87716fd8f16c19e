/** How a check says no: the text becomes the detail of the failed step. */
import type { Advice } from '#attestation/types.ts'
import { AttestationError, CocoonError } from '#protocol/errors.ts'

/** What a failed step shows besides its reason. */
export interface Refusal {
  readonly detail: string
  /** The value that was refused; empty where there is none to show. */
  readonly found: string
  /** undefined: what the step's rule says. */
  readonly advice: Advice | undefined
}

const ADVICE = ['stop', 'retry', 'fix'] as const satisfies readonly Advice[]

/** @throws AttestationError CHECK_FAILED, always */
export function refuse(
  detail: string,
  more: { readonly found?: string; readonly advice?: Advice } = {},
): never {
  throw new AttestationError('CHECK_FAILED', detail, { data: { ...more } })
}

/** What a step says whose check threw something that is not ours: a bug of the verifier. */
export const BROKEN_CHECK = 'the check itself broke'

/** The reason of a refusal, without the text of errors that are not ours. */
export function refusalOf(thrown: unknown): Refusal {
  if (!(thrown instanceof CocoonError)) {
    return { detail: BROKEN_CHECK, found: '', advice: undefined }
  }
  const { found, advice } = thrown.data
  return {
    detail: thrown.message,
    found: typeof found === 'string' ? found : '',
    advice: ADVICE.find((one) => one === advice),
  }
}

/** How a check says no: the text becomes the detail of the failed step. */
import { AttestationError, CocoonError } from '#protocol/errors.ts'

/** @throws AttestationError CHECK_FAILED, always */
export function refuse(detail: string): never {
  throw new AttestationError('CHECK_FAILED', detail)
}

/** The reason of a refusal, without the text of errors that are not ours. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof CocoonError ? thrown.message : 'the check itself broke'
}

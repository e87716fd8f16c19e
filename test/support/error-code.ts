import { CocoonError } from '#protocol/errors.ts'

/** The code of the CocoonError that a call throws; undefined when it returns. */
export function errorCode(call: () => unknown): string | undefined {
  try {
    call()
    return undefined
  } catch (thrown) {
    if (thrown instanceof CocoonError) return thrown.code
    throw thrown
  }
}

/** The code of the CocoonError that a promise rejects with; undefined when it resolves. */
export async function rejectionCode(promise: Promise<unknown>): Promise<string | undefined> {
  try {
    await promise
    return undefined
  } catch (thrown) {
    if (thrown instanceof CocoonError) return thrown.code
    throw thrown
  }
}

/** The receipt verifier in Python's standard library (test/python), as a program. */
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'

const program = path.join(import.meta.dirname, '../python/verify_receipt.py')

export interface Outcome {
  readonly id: string
  readonly level: string
  /** Names of the failed steps, in order. */
  readonly failed: readonly string[]
}

const answer = z.object({ id: z.string(), level: z.string(), failed: z.array(z.string()) })

/** @param flags more flags of the program */
export async function verifyInPython(
  file: string,
  roots: string,
  ...flags: readonly string[]
): Promise<Outcome> {
  // No .pyc files beside the sources.
  const parameters = ['-B', program, file, roots, ...flags]
  const { stdout } = await promisify(execFile)('python3', parameters).catch((error) => {
    // 5: refused, and said so on stdout.
    if (error.code === 5) return error as { stdout: string }
    throw error
  })
  return answer.parse(JSON.parse(stdout))
}

const hasPython = await promisify(execFile)('python3', ['--version']).then(
  () => true,
  () => false,
)
if (!hasPython) console.warn('SKIPPED: no python3 here, the verifier in Python is not tested')

/** With CI set the tests run, and fail without Python instead of being skipped. */
export const runsPython = hasPython || process.env['CI'] !== undefined

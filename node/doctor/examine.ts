/** Runs the checks one after the other, so that none disturbs what another measures. */
import { sleep } from '#node/async.ts'
import { asCocoonError } from '#protocol/errors.ts'
import { type Finding, fail, type Health } from './finding.ts'
import type { Surroundings } from './surroundings.ts'
import type { Check } from './table.ts'

export interface CheckResult extends Finding {
  readonly name: string
  readonly tookMs: number
}

/** `cocoon doctor --json`. */
export interface Diagnosis {
  /** False when any check failed. */
  readonly ok: boolean
  readonly counts: Readonly<Record<Health, number>>
  readonly checks: readonly CheckResult[]
}

export interface Progress {
  started(name: string): void
  finished(result: CheckResult): void
}

const SILENT: Progress = { started: () => undefined, finished: () => undefined }

/** Never rejects: a check that throws or takes too long has failed. */
export async function examine(
  checks: readonly Check[],
  surroundings: Surroundings,
  progress: Progress = SILENT,
): Promise<Diagnosis> {
  const results: CheckResult[] = []
  for (const check of checks) {
    progress.started(check.name)
    const startedMs = performance.now()
    const findings = await findingsOf(check, surroundings)
    const tookMs = Math.round(performance.now() - startedMs)
    for (const finding of findings) {
      const result = { ...finding, tookMs }
      results.push(result)
      progress.finished(result)
    }
  }
  const count = (health: Health) => results.filter((one) => one.health === health).length
  const counts = { pass: count('pass'), warn: count('warn'), fail: count('fail') }
  return { ok: counts.fail === 0, counts, checks: results }
}

type Named = Finding & { readonly name: string }

async function findingsOf(check: Check, surroundings: Surroundings): Promise<readonly Named[]> {
  const { name } = check
  const over = new AbortController()
  const late = sleep(check.limitMs, over.signal).then(
    () => fail(`no answer within ${check.limitMs} ms`, 'Run it again when the machine is quiet.'),
    () => fail('stopped', ''),
  )
  try {
    const found = await Promise.race([run(check, surroundings), late])
    return 'health' in found ? [{ name, ...found }] : found
  } catch (thrown) {
    const { code, message, remedy } = asCocoonError(thrown)
    return [{ name, ...fail(`${code}: ${message}`, remedy) }]
  } finally {
    over.abort()
  }
}

/** Asynchronous whatever the check is, so that a throw of a plain function is caught as well. */
async function run(check: Check, surroundings: Surroundings) {
  return check.run(surroundings)
}

/** What becomes of a mutant, in a process that lives on: starting one for each would take longer than its tests. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Verdict } from './model-process.ts'
import type { Mutant } from './mutants.ts'

/** Each mutant's modules stay in the process; a fresh one keeps that small. */
const MUTANTS_PER_PROCESS = 80
/** A mutant with which fuzz or tests hang is killed by them; far above what a survivor takes. */
const MUTANT_TIMEOUT_MS = 600_000

/** Judges one mutant at a time. */
export class Judge {
  #process: ChildProcess | undefined
  #judged = 0

  async judge(mutant: Mutant): Promise<Verdict> {
    if (this.#judged++ % MUTANTS_PER_PROCESS === 0) this.end()
    this.#process ??= fork(new URL('model-process.ts', import.meta.url), {
      execArgv: ['--disable-warning=ExperimentalWarning'],
    })
    const child = this.#process
    const timeout = AbortSignal.timeout(MUTANT_TIMEOUT_MS)
    const done = new AbortController()
    const signal = AbortSignal.any([timeout, done.signal])
    const ended = once(child, 'exit', { signal: done.signal }).then(([code]) => {
      throw new Error(`the judge's process ended with ${code} at ${mutant.id}`)
    })
    ended.catch(() => undefined)
    child.send(mutant)
    try {
      const [verdict] = (await Promise.race([once(child, 'message', { signal }), ended])) as [
        Verdict,
      ]
      return verdict
    } catch (thrown) {
      if (!timeout.aborted) throw thrown
      this.end()
      return 'tests'
    } finally {
      done.abort()
    }
  }

  end(): void {
    this.#process?.kill('SIGKILL')
    this.#process = undefined
  }
}

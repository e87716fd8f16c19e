/**
 * What becomes of a mutant: first CI's fuzz against it in a process that lives on, then, if that finds
 * nothing, the hand-written tests in a process of their own.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CONTRACTS, type ContractName } from '#settlement/contracts/compile.ts'
import type { ModelAnswer } from './model-process.ts'
import { type ChangedCodes, committedCode, type Mutant } from './mutants.ts'

/**
 * fuzz, tests: killed by these. survived: by neither. same: the compiler makes the committed code of
 * it. invalid: it does not compile.
 */
export type Verdict = 'fuzz' | 'tests' | 'survived' | 'same' | 'invalid'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const VITEST = join(ROOT, 'node_modules/vitest/vitest.mjs')
const CONFIG = 'test/settlement/mutants/vitest.config.ts'
/** Tests that hang are a kill. */
const TESTS_TIMEOUT_MS = 180_000
/** Each mutant's modules stay in the process; a fresh one keeps that small. */
const MUTANTS_PER_PROCESS = 80

const TESTS: Readonly<Record<ContractName, string>> = {
  'uni-channel': 'contract.test.ts',
  'jetton-channel': 'jetton-channel.test.ts',
  registry: 'registry.test.ts',
  bond: 'bond.test.ts',
  'epoch-anchor': 'epoch-anchor.test.ts',
}

/** Written where mutants survived. */
const FOUND_BY_MUTANTS = ['contract-limits.test.ts', 'contract-edges.test.ts']

/** Judges one mutant at a time. */
export class Judge {
  #process: ChildProcess | undefined
  #judged = 0

  async judge(mutant: Mutant): Promise<Verdict> {
    const { verdict, codes } = await this.#ask(mutant)
    if (verdict === 'killed') return 'fuzz'
    if (verdict !== 'survived') return verdict
    return (await passTests(codes)) ? 'survived' : 'tests'
  }

  end(): void {
    this.#process?.kill()
    this.#process = undefined
  }

  async #ask(mutant: Mutant): Promise<ModelAnswer> {
    if (this.#judged++ % MUTANTS_PER_PROCESS === 0) this.end()
    this.#process ??= fork(new URL('model-process.ts', import.meta.url), {
      execArgv: ['--disable-warning=ExperimentalWarning'],
    })
    const child = this.#process
    const done = new AbortController()
    const ended = once(child, 'exit', { signal: done.signal }).then(([code]) => {
      throw new Error(`the fuzz ended with ${code} at ${mutant.id}`)
    })
    child.send(mutant)
    try {
      const answered = once(child, 'message', { signal: done.signal })
      const [answer] = (await Promise.race([answered, ended])) as [ModelAnswer]
      return answer
    } finally {
      done.abort()
      ended.catch(() => undefined)
    }
  }
}

/** Whether the hand-written tests of these contracts pass when these codes stand for the committed ones. */
async function passTests(codes: ChangedCodes): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'cocoon-mutant-'))
  try {
    for (const name of CONTRACTS) {
      const code = codes.find(([changed]) => changed === name)?.[1] ?? committedCode(name)
      writeFileSync(join(folder, `${name}.code.json`), JSON.stringify(code))
    }
    const files = [...codes.map(([name]) => TESTS[name]), ...FOUND_BY_MUTANTS].map(
      (file) => `test/settlement/${file}`,
    )
    const child = spawn(process.execPath, [VITEST, 'run', '--config', CONFIG, ...files], {
      cwd: ROOT,
      env: { ...process.env, MUTANT_CODES: folder },
      stdio: 'ignore',
      timeout: TESTS_TIMEOUT_MS,
    })
    const [code] = await once(child, 'exit')
    return code === 0
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

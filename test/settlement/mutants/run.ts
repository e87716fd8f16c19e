/**
 * Mutation test of the contracts: `npm run mutants`. Every mutant must be killed by CI's fuzz or by the
 * contract tests, or be listed in equivalents.json with the reason why no test can.
 *
 * `--file bond.tolk` and `--match <part of an id>` take some of them, `--jobs 2` sets how many run at
 * once. `--log <file>` appends each verdict as a line of JSON; a run with the log of one that was broken off
 * goes on after it, and judges again only what survived, as a test may have come since.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { CONTRACTS } from '#settlement/contracts/compile.ts'
import { listedEquivalents } from './equivalents.ts'
import { Judge } from './judge.ts'
import type { Verdict } from './model-process.ts'
import { allMutants, type Mutant, unchanged } from './mutants.ts'

/** Mutants between two lines of progress. */
const PROGRESS_EVERY = 25

const { values } = parseArgs({
  options: {
    file: { type: 'string' },
    match: { type: 'string' },
    ids: { type: 'string' },
    jobs: { type: 'string', default: '2' },
    log: { type: 'string' },
  },
})

const ids = values.ids === undefined ? undefined : readFileSync(values.ids, 'utf8').split('\n')
const chosen = allMutants().filter(
  ({ id, file }) =>
    file === (values.file ?? file) &&
    (values.match === undefined || id.includes(values.match)) &&
    (ids?.includes(id) ?? true),
)
const verdicts = new Map<string, Verdict>(values.log === undefined ? [] : logged(values.log))
const waiting = chosen.filter(({ id }) => !verdicts.has(id))
const startedMs = performance.now()
let judged = 0
await checkUnchanged()
await Promise.all(Array.from({ length: Number(values.jobs) }, work))
process.exitCode = report() ? 0 : 1

function logged(file: string): readonly (readonly [string, Verdict])[] {
  const ids = new Set(chosen.map(({ id }) => id))
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
  return lines
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { id: string; verdict: Verdict })
    .filter(({ id, verdict }) => ids.has(id) && verdict !== 'survived')
    .map(({ id, verdict }) => [id, verdict] as const)
}

/** Fuzz and tests must let the committed codes live, or they would seem to kill everything. */
async function checkUnchanged(): Promise<void> {
  const judge = new Judge()
  for (const contract of CONTRACTS) {
    if (!waiting.some(({ contracts }) => contracts.includes(contract))) continue
    const verdict = await judge.judge(unchanged(contract))
    if (verdict !== 'survived') throw new Error(`the committed ${contract} fails: ${verdict}`)
  }
  judge.end()
}

async function work(): Promise<void> {
  const judge = new Judge()
  for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
    note(mutant, await judge.judge(mutant))
  }
  judge.end()
}

function note({ id }: Mutant, verdict: Verdict): void {
  verdicts.set(id, verdict)
  if (values.log !== undefined) appendFileSync(values.log, `${JSON.stringify({ id, verdict })}\n`)
  if (++judged % PROGRESS_EVERY !== 0) return
  const minutes = (performance.now() - startedMs) / 60_000
  const leftMinutes = Math.ceil((waiting.length * minutes) / judged)
  console.log(`${verdicts.size} of ${chosen.length} judged, about ${leftMinutes} minutes left`)
}

/** Whether nothing survived but what is listed, and all that is listed and was run did. */
function report(): boolean {
  const equivalents = listedEquivalents()
  const count = (wanted: Verdict) => [...verdicts.values()].filter((one) => one === wanted).length
  const unlisted = [...verdicts].filter(([id, v]) => v === 'survived' && !equivalents.has(id))
  const stale = [...equivalents.keys()].filter((id) => {
    const verdict = verdicts.get(id)
    return verdict === undefined ? chosen.length === allMutants().length : verdict !== 'survived'
  })
  console.log(
    `${chosen.length} mutants: ${count('invalid')} do not compile, ${count('same')} same code`,
  )
  console.log(`killed by the fuzz ${count('fuzz')}, by the tests ${count('tests')}`)
  console.log(`equivalent, as listed: ${count('survived') - unlisted.length}`)
  for (const [id] of unlisted) console.log(`SURVIVED AND NOT LISTED: ${id}`)
  for (const id of stale) console.log(`LISTED AS EQUIVALENT BUT KILLED OR GONE: ${id}`)
  return unlisted.length === 0 && stale.length === 0
}

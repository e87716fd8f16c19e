/**
 * Judges mutants one after the other for the process that started it: takes a mutant as a message, answers
 * with what became of it. What is cheap and kills most comes first: the fuzz at one price table, the tests
 * of the mutated contracts, the fuzz at the other prices.
 */
import type { ContractName } from '#settlement/contracts/compile.ts'
import { PRICE_TABLES, type PriceTable } from '#settlement/devchain/prices.ts'
import { type MutatedRoom, roomWith } from './graph.ts'
import { changedCodes, type Mutant, UNCHANGED } from './mutants.ts'

/**
 * fuzz, tests: killed by these. survived: by neither. same: the compiler makes the committed code of
 * it. invalid: it does not compile.
 */
export type Verdict = 'fuzz' | 'tests' | 'survived' | 'same' | 'invalid'

const TESTS: Readonly<Record<ContractName, string>> = {
  'uni-channel': 'contract.test.ts',
  'jetton-channel': 'jetton-channel.test.ts',
  registry: 'registry.test.ts',
  bond: 'bond.test.ts',
  'epoch-anchor': 'epoch-anchor.test.ts',
}

/** Written where mutants survived, for all contracts: how their groups of tests name each. */
const FOUND_BY_MUTANTS = [
  'contract-limits.test.ts',
  'contract-edges.test.ts',
  'jetton-edges.test.ts',
  'jetton-wallets.test.ts',
  'bond-edges.test.ts',
  'registry-edges.test.ts',
]
const GROUPS: Readonly<Record<ContractName, string>> = {
  'uni-channel': 'payment channel',
  'jetton-channel': 'jetton channel',
  registry: 'registry',
  bond: 'bond',
  'epoch-anchor': 'epoch anchor',
}

process.on('message', (mutant: Mutant) => {
  void verdictOf(mutant).then((verdict) => process.send?.(verdict))
})

// Whoever asked is gone.
process.on('disconnect', () => process.exit())

async function verdictOf(mutant: Mutant): Promise<Verdict> {
  const codes = await changedCodes(mutant)
  if (codes === undefined) return 'invalid'
  if (codes.length === 0 && mutant.id !== UNCHANGED) return 'same'
  const names = mutant.id === UNCHANGED ? mutant.contracts : codes.map(([name]) => name)
  const room = roomWith(codes)
  if (!(await passes(() => fuzz(room, names, PRICE_TABLES.slice(0, 1))))) return 'fuzz'
  if (!(await passes(() => tests(room, names)))) return 'tests'
  return (await passes(() => fuzz(room, names, PRICE_TABLES.slice(1)))) ? 'survived' : 'fuzz'
}

async function passes(check: () => Promise<void>): Promise<boolean> {
  try {
    await check()
    return true
  } catch (thrown) {
    if (process.env['MUTANTS_WHY'] === '1') console.error(thrown)
    return false
  }
}

/** @throws Error when the models of these contracts do not say the same in CI's fuzz */
async function fuzz(
  room: MutatedRoom,
  names: readonly ContractName[],
  tables: readonly PriceTable[],
): Promise<void> {
  const { runSubject, SUBJECTS } = await room.fuzz()
  for (const prices of tables) {
    for (const subject of SUBJECTS) {
      if (names.includes(subject.name)) await runSubject(subject, prices, subject.short)
    }
  }
}

/** @throws Error of the first test of these contracts that fails */
async function tests(room: MutatedRoom, names: readonly ContractName[]): Promise<void> {
  for (const file of FOUND_BY_MUTANTS) {
    for (const { group, run } of await room.tests(file)) {
      if (names.some((name) => group.includes(GROUPS[name]))) await run()
    }
  }
  for (const name of names) {
    for (const { run } of await room.tests(TESTS[name])) await run()
  }
}

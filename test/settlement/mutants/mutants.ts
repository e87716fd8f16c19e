/** All mutants of the contracts: a source, one change, and the codes that follow from it. */
import { readFileSync } from 'node:fs'
import {
  CONTRACTS,
  type CompiledContract,
  type ContractName,
  compileContract,
} from '#settlement/contracts/compile.ts'
import { changesOf } from './operators.ts'
import { statementsOf } from './statements.ts'

/** Where the sources are. */
export const FOLDER = new URL('../../../settlement/contracts/', import.meta.url)
/** What several contracts import: a mutant of it counts as killed when any of their tests kills it. */
const SHARED: Readonly<Record<string, readonly ContractName[]>> = {
  'calls.tolk': CONTRACTS,
  'vouchers.tolk': ['uni-channel', 'jetton-channel'],
}
const SOURCES = [...CONTRACTS.map((name) => `${name}.tolk`), ...Object.keys(SHARED)]

export interface Mutant {
  /** The same as long as the changed line and its function are: `file function operator: old -> new`. */
  readonly id: string
  readonly file: string
  readonly contracts: readonly ContractName[]
  readonly source: string
}

/** Not a mutant: the committed sources, which fuzz and tests must let live. */
export const UNCHANGED = 'unchanged'

export function unchanged(contract: ContractName): Mutant {
  const file = `${contract}.tolk`
  const source = readFileSync(new URL(file, FOLDER), 'utf8')
  return { id: UNCHANGED, file, contracts: [contract], source }
}

/** Every mutant, by source file in the order of its lines. */
export function allMutants(): readonly Mutant[] {
  return SOURCES.flatMap(mutantsOf)
}

function mutantsOf(file: string): readonly Mutant[] {
  const source = readFileSync(new URL(file, FOLDER), 'utf8')
  const contracts = SHARED[file] ?? CONTRACTS.filter((name) => `${name}.tolk` === file)
  const seen = new Map<string, number>()
  return statementsOf(source).flatMap(({ within, text, from, to }) =>
    changesOf(text).map((change) => {
      const name = `${file} ${within} ${change.operator}: ${describe(text, change.text)}`
      const times = (seen.get(name) ?? 0) + 1
      seen.set(name, times)
      const id = times === 1 ? name : `${name} (${times})`
      return { id, file, contracts, source: source.slice(0, from) + change.text + source.slice(to) }
    }),
  )
}

const ID_TEXT_MAX = 100
const ID_CONTEXT = 24

/** `old -> new` in one line; of a long text only what differs and some characters around it. */
function describe(text: string, changed: string): string {
  const [before, after] = [text, changed].map((one) => one.replaceAll(/\s+/g, ' ')) as [
    string,
    string,
  ]
  if (after === '') return `${before.slice(0, ID_TEXT_MAX)} -> nothing`
  if (before.length <= ID_TEXT_MAX) return `${before} -> ${after}`
  let head = 0
  while (before[head] === after[head]) head++
  let tail = 0
  while (before.at(-1 - tail) === after.at(-1 - tail) && tail < after.length - head) tail++
  const part = (one: string) =>
    one.slice(Math.max(0, head - ID_CONTEXT), one.length - Math.max(0, tail - ID_CONTEXT))
  return `${part(before)} -> ${part(after)}`
}

export type ChangedCodes = readonly (readonly [ContractName, CompiledContract])[]

/** The mutant's contracts whose code is another than the committed one; undefined: one does not compile. */
export async function changedCodes(mutant: Mutant): Promise<ChangedCodes | undefined> {
  const read = (path: string) =>
    path === mutant.file ? mutant.source : readFileSync(new URL(path, FOLDER), 'utf8')
  const codes: (readonly [ContractName, CompiledContract])[] = []
  for (const name of mutant.contracts) {
    try {
      codes.push([name, await compileContract(name, read)])
    } catch {
      return undefined
    }
  }
  return codes.filter(([name, code]) => code.codeHash !== committedCode(name).codeHash)
}

/** The code of a contract as it is committed. */
function committedCode(name: ContractName): CompiledContract {
  const file = new URL(`${name}.code.json`, FOLDER)
  return JSON.parse(readFileSync(file, 'utf8')) as CompiledContract
}

/**
 * Several codes of the contracts in one process: modules that are imported with `?mutant=<key>`, and
 * all of this room and its tests that they import, see the mutant's `*.code.json`. Starting a process
 * for each mutant would take longer than its tests.
 */
import { registerHooks } from 'node:module'
import type { CompiledContract, ContractName } from '#settlement/contracts/compile.ts'
import { type CollectedTest, takeTests } from './collected.ts'

const ROOT = new URL('../../../', import.meta.url).href
/** What depends on no contract's code is loaded once: above all the chain with its emulator. */
const SHARED =
  /^(settlement\/devchain\/|test\/settlement\/(sandbox-bench|channel-fixture|jetton\/jetton|mutants\/collected)\.ts)/
const RELOADED = /^(settlement|test\/settlement)\//
const COLLECTED = new URL('collected.ts', import.meta.url).href

const codes = new Map<string, ReadonlyMap<string, CompiledContract>>()

registerHooks({
  resolve(specifier, context, next) {
    const key = keyOf(context.parentURL)
    if (key !== undefined && specifier === 'vitest') return next(COLLECTED, context)
    const found = next(specifier, context)
    if (key === undefined || !isReloaded(found.url)) return found
    return { ...found, url: `${found.url}?mutant=${key}` }
  },
  load(url, context, next) {
    const key = keyOf(url)
    const name = /\/([\w-]+)\.code\.json\?/.exec(url)?.[1]
    const code = key === undefined || name === undefined ? undefined : codes.get(key)?.get(name)
    if (code === undefined) return next(url, context)
    return { format: 'json', source: JSON.stringify(code), shortCircuit: true }
  },
})

function keyOf(url: string | undefined): string | undefined {
  return url === undefined ? undefined : /\?mutant=(\w+)$/.exec(url)?.[1]
}

function isReloaded(url: string): boolean {
  if (!url.startsWith(ROOT) || url.includes('?')) return false
  const path = url.slice(ROOT.length)
  return RELOADED.test(path) && !SHARED.test(path)
}

let loaded = 0

export interface MutatedRoom {
  /** The fuzz, with the changed codes. */
  fuzz(): Promise<typeof import('../fuzz/subjects.ts')>
  /** The tests of a file of this room, with the changed codes. */
  tests(file: string): Promise<readonly CollectedTest[]>
}

/** This room and its tests with these codes in place of the committed ones. */
export function roomWith(
  changed: readonly (readonly [ContractName, CompiledContract])[],
): MutatedRoom {
  const key = `m${loaded++}`
  codes.set(key, new Map(changed))
  return {
    fuzz: () => import(`../fuzz/subjects.ts?mutant=${key}`),
    tests: async (file) => {
      takeTests()
      await import(`../${file}?mutant=${key}`)
      return takeTests()
    },
  }
}

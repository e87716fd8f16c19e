/**
 * The few words of vitest that the contract suites in test/contracts use, for a page: the bundle of the browser
 * test resolves 'vitest' to this file, so that the very same suites run in Chromium. A word that is not
 * here fails the bundle or the case; nothing passes by being unknown.
 */

export interface CaseResult {
  readonly name: string
  /** Missing when the case passed. */
  readonly error?: string
}

interface Case {
  readonly name: string
  readonly run: () => unknown
}

const cases: Case[] = []
const groups: string[] = []

export function describe(name: string, body: () => void): void {
  groups.push(name)
  body()
  groups.pop()
}

export function it(name: string, run: () => unknown): void {
  cases.push({ name: [...groups, name].join(' > '), run })
}

it.each =
  <Row extends object>(rows: readonly Row[]) =>
  (title: string, run: (row: Row) => unknown): void => {
    for (const row of rows)
      it(
        title.replace(/\$(\w+)/g, (_, key) => `${Reflect.get(row, key)}`),
        () => run(row),
      )
  }

export async function runCases(): Promise<CaseResult[]> {
  const results: CaseResult[] = []
  for (const { name, run } of cases) {
    try {
      await run()
      results.push({ name })
    } catch (error) {
      results.push({
        name,
        error: error instanceof Error ? (error.stack ?? error.message) : `${error}`,
      })
    }
  }
  return results
}

function shown(value: unknown): string {
  return typeof value === 'bigint'
    ? `${value}n`
    : (JSON.stringify(value) ?? String(value)).slice(0, 200)
}

function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null)
    return false
  if (Array.isArray(one) !== Array.isArray(other)) return false
  if (one instanceof Uint8Array !== other instanceof Uint8Array) return false
  const keys = Object.keys(one)
  return (
    keys.length === Object.keys(other).length &&
    keys.every(
      (key) => Object.hasOwn(other, key) && isSame(Reflect.get(one, key), Reflect.get(other, key)),
    )
  )
}

function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(what)
}

type ErrorClass = abstract new (...parameters: never[]) => unknown

export function expect(found: unknown, reason = '') {
  const said = `${reason} found ${shown(found)}`
  return {
    toBe: (wanted: unknown) => must(Object.is(found, wanted), `${said}, not ${shown(wanted)}`),
    toEqual: (wanted: unknown) => must(isSame(found, wanted), `${said}, not ${shown(wanted)}`),
    toHaveLength: (wanted: number) =>
      must(Reflect.get(Object(found), 'length') === wanted, `${said}, not of length ${wanted}`),
    toBeGreaterThan: (wanted: number) =>
      must(typeof found === 'number' && found > wanted, `${said}, not above ${wanted}`),
    toThrow: (wanted: ErrorClass) => {
      try {
        Reflect.apply(found as () => unknown, undefined, [])
      } catch (thrown) {
        return must(thrown instanceof wanted, `${reason} threw ${thrown}`)
      }
      throw new Error(`${reason} threw nothing`)
    },
    not: {
      toEqual: (wanted: unknown) => must(!isSame(found, wanted), `${said}, and must not`),
    },
  }
}

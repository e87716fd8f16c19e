/**
 * Stands for vitest where the contract tests run in the judge's process (graph.ts): a file that is
 * imported leaves its tests here, in their order, and whoever imported it runs them. Assertions are vitest's.
 */
export { expect } from 'vitest'

export interface CollectedTest {
  /** Of the `describe` around it. */
  readonly group: string
  readonly title: string
  readonly run: () => unknown
}

type Body = (...given: never[]) => unknown

let group = ''
let tests: CollectedTest[] = []

/** The tests of the files imported since the last call. */
export function takeTests(): readonly CollectedTest[] {
  const taken = tests
  tests = []
  return taken
}

export const it = each((title, run) => {
  tests.push({ group, title, run })
})

export const describe = each((title, run) => {
  const around = group
  group = title
  run()
  group = around
})

/** `f(title, body)`, and `f.each(cases)(title, body)`, a case that is a list being the parameters. */
function each(one: (title: string, run: () => unknown) => void) {
  const all = (cases: readonly unknown[]) => (title: string, body: Body) => {
    for (const given of cases) {
      one(title, () => body(...((Array.isArray(given) ? given : [given]) as never[])))
    }
  }
  return Object.assign((title: string, body: Body) => one(title, () => body()), { each: all })
}

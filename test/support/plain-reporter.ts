import type { Reporter, TestModule } from 'vitest/node'

/** Ends the output with the plain line that CI reads: `N passed, N failed`. */
export default class PlainReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 }
    for (const module of modules) {
      for (const test of module.children.allTests()) count[test.result().state]++
      if (!module.ok() && [...module.children.allTests('failed')].length === 0) count.failed++
    }
    console.log(`\n${count.passed} passed, ${count.failed} failed`)
  }
}

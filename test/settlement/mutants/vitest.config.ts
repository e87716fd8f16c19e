/**
 * Vitest with mutated contracts: wherever a module imports a committed `*.code.json`, it gets the one
 * in the folder that MUTANT_CODES names. Nothing outside this folder knows of mutants.
 */
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const codes = process.env['MUTANT_CODES']
if (codes === undefined) throw new Error('MUTANT_CODES names the folder of the mutated codes')

export default defineConfig({
  root: fileURLToPath(new URL('../../..', import.meta.url)),
  resolve: { alias: [{ find: /^\.\/([\w-]+\.code\.json)$/, replacement: `${codes}/$1` }] },
  test: {
    include: ['test/settlement/**/*.test.ts'],
    execArgv: ['--disable-warning=ExperimentalWarning'],
    testTimeout: 60_000,
    maxWorkers: 1,
    isolate: false,
    bail: 1,
    reporters: ['dot'],
  },
})

/**
 * `npm run chain-suite -- --endpoint URL --mnemonic-file FILE [--api-key-file FILE] [--global-id N]`: the chain suite
 * on a public testnet. Without flags: on an embedded chain of its own, as in CI.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    endpoint: { type: 'string' },
    'mnemonic-file': { type: 'string' },
    'api-key-file': { type: 'string' },
    'global-id': { type: 'string' },
  },
})

const variables = Object.entries(values).map(([flag, value]) => [
  `CHAIN_SUITE_${flag.toUpperCase().replaceAll('-', '_')}`,
  value,
])
const vitest = path.resolve(import.meta.dirname, '../../node_modules/vitest/vitest.mjs')
const file = 'test/settlement/chain-suite.test.ts'
const child = spawn(process.execPath, [vitest, 'run', file], {
  cwd: path.resolve(import.meta.dirname, '../..'),
  stdio: 'inherit',
  env: { ...process.env, ...Object.fromEntries(variables) },
})
const [code] = await once(child, 'exit')
process.exitCode = typeof code === 'number' ? code : 1

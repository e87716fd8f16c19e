/** The published package: built, packed, unpacked under node_modules, run and type-checked there. */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { repositoryRoot } from '../support/source-files.ts'

const modules = path.join(repositoryRoot, 'node_modules')
let home: string
let packed: string[]

/** The five lines of the README, over a network that the package itself starts. */
const FIVE_LINES = `
import { startTestnet } from 'cocoon-node'
await using testnet = await startTestnet()
await using cocoon = await testnet.connect()
const { text, verdict, receipt } = await cocoon.ask('What is Cocoon?')
console.log(JSON.stringify({ text, tier: verdict.tier, ok: verdict.ok, receipt: receipt.id }))
`

const TYPED = `
import { connect, startTestnet, ConfigError, type Answer } from 'cocoon-node'
await using cocoon = await connect({ network: 'network.json', maxPriceNano: 10n })
const answer: Answer = await cocoon.ask([{ role: 'user', content: 'Hello' }], { maxTokens: 3 })
for await (const text of cocoon.stream('Hello')) text.toUpperCase()
const price: bigint = answer.priceNano
// @ts-expect-error money is a bigint
const wrong: number = answer.priceNano
await startTestnet({ providers: 2 }).catch((error: unknown) => error instanceof ConfigError)
export { price, wrong }
`

beforeAll(() => {
  home = mkdtempSync(path.join(tmpdir(), 'cocoon-package-'))
  const staged = path.join(home, 'staged')
  const node = (...parameters: string[]) =>
    execFileSync(process.execPath, parameters, { cwd: repositoryRoot, stdio: 'pipe' })
  node('build.ts', staged)
  const tarball = execFileSync('npm', ['pack', staged, '--json', '--pack-destination', home], {
    cwd: home,
    encoding: 'utf8',
  })
  const [{ filename, files }] = JSON.parse(tarball)
  packed = files.map((file: { path: string }) => file.path)
  const target = path.join(home, 'node_modules', 'cocoon-node')
  mkdirSync(target, { recursive: true })
  execFileSync('tar', ['-xzf', path.join(home, filename), '-C', target, '--strip-components=1'])
  for (const name of readdirSync(modules).filter((one) => !one.startsWith('.'))) {
    symlinkSync(path.join(modules, name), path.join(home, 'node_modules', name))
  }
  writeFileSync(path.join(home, 'package.json'), '{"type":"module"}')
}, 180_000)

afterAll(() => rmSync(home, { recursive: true, force: true }))

it('holds compiled modules, declarations, the program and the model, and no source or test', () => {
  expect(packed).toEqual(
    expect.arrayContaining([
      'package.json',
      'cocoon.js',
      'README.md',
      'node/library/index.js',
      'node/library/index.d.ts',
      'inference/onnx/process/engine-child.js',
      'settlement/contracts/uni-channel.code.json',
      'models/demo/onnx/model.onnx',
    ]),
  )
  const isSource = (file: string) => /\.tsx?$/.test(file) && !file.endsWith('.d.ts')
  expect(packed.filter((file) => isSource(file) || file.startsWith('test/'))).toEqual([])
})

it('runs the five lines under node_modules, engine process and chain included', () => {
  writeFileSync(path.join(home, 'five.mjs'), FIVE_LINES)
  const run = spawnSync(process.execPath, ['five.mjs'], { cwd: home, encoding: 'utf8' })
  const spoken = run.stderr.split('\n').filter((line) => !/ExperimentalWarning|^\(Use /.test(line))
  expect([run.status, spoken.join('\n')]).toEqual([0, ''])
  const answer = JSON.parse(run.stdout)
  expect(answer).toMatchObject({ tier: 'simulated', ok: true })
  expect(answer.text).toContain('Cocoon')
}, 300_000)

it('runs the program of the package', () => {
  const program = path.join(home, 'node_modules', 'cocoon-node', 'cocoon.js')
  const run = spawnSync(process.execPath, [program, 'version', '--json'], { encoding: 'utf8' })
  expect(run.status).toBe(0)
  expect(JSON.parse(run.stdout)).toMatchObject({ protocol: 1, cocoon: expect.any(String) })
})

it('types the program of somebody else', () => {
  writeFileSync(path.join(home, 'typed.mts'), TYPED)
  const compiler = path.join(modules, 'typescript', 'bin', 'tsc')
  const strict = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext']
  const target = ['--target', 'es2024', '--lib', 'es2024,esnext.disposable', '--types', 'node']
  const parameters = [compiler, ...strict, ...target, 'typed.mts']
  const run = spawnSync(process.execPath, parameters, { cwd: home, encoding: 'utf8' })
  expect([run.status, run.stdout]).toEqual([0, ''])
  expect(existsSync(path.join(home, 'typed.mjs'))).toBe(false)
})

/** Every file of examples/ runs, as its reader would run it, against one network. */
import { spawn } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type CocoonClient, startTestnet, type Testnet } from 'cocoon-node'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startEncoderProvider, withEncoder } from '../support/encoder-provider.ts'
import { repositoryRoot } from '../support/source-files.ts'
import { writeTinyEncoder } from '../support/tiny-encoder.ts'

const examples = path.join(repositoryRoot, 'examples')

/** What each prints, and what it is started with. */
const EXPECTED: Readonly<Record<string, { prints: RegExp[]; before?: string[]; after?: string }>> =
  {
    'ai-sdk.ts': { prints: [/receipt/i, /^\d+ tokens$/m] },
    'batch-job.ts': { prints: [/^[1-9]\d* bids, best \d+ nanoTON$/m, /Cocoon is/] },
    'embeddings.ts': {
      prints: [
        /^1\.000 {2}the cocoon spins$/m,
        /^-?0\.\d{3} {2}hello world$/m,
        /^18 tokens, [1-9]\d* nanoTON, tier simulated$/m,
      ],
    },
    'chat-fetch.ts': { prints: [/^Cocoon is/, /^tier simulated$/m, /^price [1-9]\d* nanoTON$/m] },
    'external-signer.ts': { prints: [/^waits for one line of JSON/] },
    'library.ts': { prints: [/^Cocoon is/, /^tier simulated, [1-9]\d* nanoTON, receipt \/.+$/m] },
    'library-json.ts': { prints: [/^\{ about: '(money|privacy|models)' \}$/m, /\t100\.0 %$/m] },
    'openai-stream.ts': { prints: [/^\d+ tokens$/m] },
    'policy.ts': { prints: [/^NO_PROVIDER: /, /refused: .*confidential/, /^passed +\S+/m] },
    'price-estimate.ts': {
      prints: [/^at most [1-9]\d*, likely \d+ nanoTON$/m, /^paid [1-9]\d* nanoTON$/m],
    },
    'structured-output.ts': { prints: [/^about (money|privacy|models), good: (true|false)$/m] },
    'testnet.test.ts': {
      prints: [/^# pass 1$/m, /^# fail 0$/m],
      before: ['--test', '--test-reporter=tap'],
    },
    'tools.ts': { prints: [/^TOOLS_UNSUPPORTED: 400 /] },
    'verify-receipt.ts': {
      prints: [/^passed evidence\/quote-signature /m, /^(acknowledged|anchored), tier simulated$/m],
    },
  }

let home: string
let testnet: Testnet
let client: CocoonClient
let encoder: Awaited<ReturnType<typeof startEncoderProvider>>

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'cocoon-examples-'))
  testnet = await startTestnet({ providers: 1 })
  writeFileSync(path.join(home, 'network.json'), JSON.stringify(testnet.network))
  client = await testnet.connect()
  const folder = path.join(home, 'encoder')
  await writeTinyEncoder(folder, { isNormalised: true })
  const network = await withEncoder(testnet.network, folder)
  writeFileSync(path.join(home, 'network-embeddings.json'), JSON.stringify(network))
  const own = { name: 'encoder', dataDir: path.join(home, 'encoder-provider'), folder }
  encoder = await startEncoderProvider(network, own)
})

afterAll(async () => {
  await encoder?.stop()
  await testnet?.stop()
  await rm(home, { recursive: true, force: true })
})

interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Not spawnSync: the network that the example asks runs in this process. */
function run(parameters: readonly string[], dataDir: string, network: string): Promise<Ran> {
  const env = {
    PATH: process.env['PATH'],
    OPENAI_BASE_URL: testnet.baseUrl,
    COCOON_NETWORK: path.join(home, network),
    COCOON_DATA: dataDir,
  }
  const child = spawn(process.execPath, parameters, { cwd: repositoryRoot, env })
  child.stdin.end()
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (bytes) => (stdout += bytes))
  child.stderr.on('data', (bytes) => (stderr += bytes))
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })))
}

it('knows what every example prints', () => {
  expect(readdirSync(examples).sort()).toEqual(Object.keys(EXPECTED).sort())
})

it.each(Object.entries(EXPECTED))('examples/%s', async (name, { prints, before = [] }) => {
  const parameters = [...before, path.join('examples', name)]
  if (name === 'verify-receipt.ts') {
    const { receipt } = await client.ask('What is Cocoon?')
    const snapshot = path.join(home, 'snapshot.json')
    writeFileSync(snapshot, await testnet.snapshot())
    parameters.push(receipt.file, snapshot)
  }
  const network = name === 'embeddings.ts' ? 'network-embeddings.json' : 'network.json'
  const { code, stdout, stderr } = await run(parameters, path.join(home, name), network)
  expect([code, code === 0 ? '' : stderr]).toEqual([0, ''])
  for (const pattern of prints) expect(stdout).toMatch(pattern)
})

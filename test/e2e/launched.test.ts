/**
 * A provider process that launches its server (SIMULATED) from a description, in a simulated TEE: the tier follows from
 * the quote, the quote covers what was launched, and a client whose policy does not list exactly that refuses.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseLaunchDescription } from '#inference/upstream/launch/description.ts'
import { launchDigest, launchedRuntimeDigest } from '#inference/upstream/launch/digest.ts'
import { buildProgram } from '#node/cli/program.ts'
import { openQuotes, tierOf } from '#node/compose/tier.ts'
import { composeClient, composeProvider } from '#node/compose.ts'
import { processFacts } from '#node/launch/process-tree.ts'
import type { ChatEvent, ChatRequest } from '#node/roles/client-service.ts'
import type { ProviderOptions, RunningClient, RunningPeer } from '#node/roles/peer-options.ts'
import type { NetworkFile } from '#node/testnet/network-file.ts'
import { processConfigText } from '#node/testnet/peer-config.ts'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { testContext } from '../support/cli-context.ts'
import { eventually } from '../support/eventually.ts'
import { launchFolder, launchOf } from '../support/launch.ts'
import {
  keyOf,
  ROLE_MODEL_ID,
  type RoleNetwork,
  startRoleNetwork,
} from '../support/role-harness.ts'
import { PRICES } from '../support/role-peers.ts'
import { simulatedModelFiles } from '../support/simulated-engine.ts'
import { silentLog } from '../support/test-peers.ts'

const PEER = fileURLToPath(new URL('../../node/testnet/peer-process.ts', import.meta.url))
const ANSWER = 'the hello and the user, said by a server.'
const START_LIMIT_MS = 120_000

let network: RoleNetwork
let file: NetworkFile
let folder: string
/** In memory, of each provider alone: a start removes what dead nodes left in it. */
let memory: string
let launch: Uint8Array
let changed: RunningPeer
let client: RunningClient
let provider: ChildProcess | undefined

function optionsOf(name: string, description: string, networkFile = file) {
  const [model] = networkFile.models
  mkdirSync(path.join(memory, name))
  return {
    ...{ name, dataDir: network.folder() },
    identitySeed: keyOf(`identity ${name}`).seed,
    walletSeed: keyOf(`wallet provider ${name}`).seed,
    settlementSeed: keyOf(`settlement ${name}`).seed,
    ...{ modelFolder: model?.folder ?? '', modelId: ROLE_MODEL_ID, prices: PRICES },
    ...{ slotsTotal: 4, addedLatencyMs: 0, tee: 'simulated' as const },
    launch: { file: description, folder: path.join(memory, name) },
  }
}

const inProcess = (name: string, description: string): ProviderOptions => ({
  ...optionsOf(name, description),
  ...{ network: file, log: silentLog, emit: () => undefined },
})

function describedIn(
  name: string,
  more: readonly string[],
  root = toHex(network.modelRoot),
): string {
  const names = [...simulatedModelFiles().keys(), 'onnx/model.onnx']
  const written = path.join(folder, name)
  const from = network.file.models[0]?.folder ?? ''
  writeFileSync(written, JSON.stringify(launchOf(from, { root, names, more })))
  return written
}

function digestOf(description: string): Uint8Array {
  return launchDigest(crypto, parseLaunchDescription(readFileSync(description, 'utf8')))
}

beforeAll(async () => {
  network = await startRoleNetwork()
  folder = launchFolder()
  memory = mkdtempSync('/dev/shm/launch-e2e-')
  for (const name of ['provider pinned', 'provider changed', 'client asker']) {
    await network.wallet(name)
  }
  launch = digestOf(describedIn('pinned.json', ['--answer', ANSWER]))
  const simulatedRuntimes = [toHex(launchedRuntimeDigest(crypto, launch))]
  file = { ...network.file, simulatedRuntimes }
  // One argument more than what the network's policy lists.
  changed = await composeProvider(inProcess('changed', describedIn('changed.json', [])))
  const bootstrap = [...changed.addresses]
  client = await composeClient({
    ...{ name: 'asker', dataDir: network.folder(), log: silentLog, emit: () => undefined },
    network: { ...file, bootstrap },
    identitySeed: keyOf('identity asker').seed,
    walletSeed: keyOf('wallet client asker').seed,
    depositNano: 1_000_000_000n,
  })
}, START_LIMIT_MS)
/** A process of its own, as the testnet starts them. */
async function startPinned(): Promise<{ readonly peerId: string }> {
  const networkFile = path.join(folder, 'network.json')
  writeFileSync(networkFile, JSON.stringify({ ...file, bootstrap: [...changed.addresses] }))
  const config = path.join(folder, 'peer.json')
  const peer = {
    role: 'provider',
    ...optionsOf('pinned', path.join(folder, 'pinned.json')),
  } as const
  const format = 'cocoon-peer-process/1'
  writeFileSync(
    config,
    processConfigText({ format, networkFile, logLevel: 'silent', peers: [peer] }),
  )
  provider = fork(PEER, [config], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const [ready] = await once(provider, 'message')
  expect(ready).toMatchObject({ kind: 'ready', peers: [{ name: 'pinned' }] })
  return ready.peers[0]
}

async function childrenOf(parentId: number): Promise<number[]> {
  const ids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
  const facts = await Promise.all(ids.map(processFacts))
  return ids.filter((_, at) => facts[at]?.parentId === parentId)
}

afterAll(async () => {
  provider?.kill('SIGKILL')
  await client?.stop()
  await changed?.stop()
  await network?.stop()
  for (const one of [folder, memory]) rmSync(one, { recursive: true, force: true })
})

const CHAT: ChatRequest = {
  ...{ model: ROLE_MODEL_ID, messages: [{ role: 'user', content: 'hello' }], maxTokens: 60 },
  ...{ temperature: 0, topP: 1, seed: 1n, stop: [] },
}

async function ask(): Promise<ChatEvent[]> {
  const events: ChatEvent[] = []
  for await (const event of client.service.chat(CHAT, new AbortController().signal)) {
    events.push(event)
  }
  return events
}

describe('a provider with a launched server', () => {
  it('is refused where what it launched is not what the policy lists', async () => {
    await eventually(() => client.service.offers().length === 1)
    expect(changed.status().provider).toMatchObject({
      tier: 'simulated',
      upstream: { state: 'ready' },
    })
    await expect(ask()).rejects.toMatchObject({
      code: 'NO_PROVIDER',
      message: expect.stringContaining('measurements'),
    })
  })

  it(
    'answers in the tier of its TEE where it is, and the evidence names the launch',
    async () => {
      const { peerId } = await startPinned()
      await eventually(() => client.service.offers().some((offer) => offer.peerId === peerId))
      const done = (await ask()).at(-1)
      if (done?.kind !== 'done') throw new Error('no end')
      const { result } = done
      expect(result).toMatchObject({ text: ANSWER, finish: 'stop', tier: 'simulated' })
      expect(result.engine).toContain('launched')
      expect(result.verdict).toMatchObject({ evidenceKind: 'tdx', tier: 'simulated', ok: true })
    },
    START_LIMIT_MS,
  )

  it(
    'keeps its tier when its server is killed, and sells again when the next one is ready',
    async () => {
      const upstream = () => changed.status().provider?.upstream
      const before = upstream()?.url
      const [launched = ''] = readdirSync(path.join(memory, 'changed'))
      const note = readFileSync(path.join(memory, 'changed', launched, 'launch.json'), 'utf8')
      process.kill(JSON.parse(note).server.id, 'SIGKILL')
      await eventually(() => upstream()?.url !== before && upstream()?.state === 'ready')
      expect(changed.status().provider?.tier).toBe('simulated')
    },
    START_LIMIT_MS,
  )

  it('takes its server along when it is killed', async () => {
    const { pid } = provider ?? {}
    const keepers = await childrenOf(pid ?? 0)
    const [serverId = 0] = (await Promise.all(keepers.map(childrenOf))).flat()
    expect(await processFacts(serverId)).toBeDefined()
    provider?.kill('SIGKILL')
    await eventually(async () => (await processFacts(serverId)) === undefined)
    await eventually(() => readdirSync(path.join(memory, 'pinned')).length === 0)
  })
})

describe('cocoon up --upstream-launch', () => {
  it(
    'says by Ctrl-C while the server still loads that it was interrupted, and ends it',
    async () => {
      const written = describedIn('silent.json', [])
      const pid = path.join(folder, 'silent.pid')
      const text = `require('fs').writeFileSync(${JSON.stringify(pid)}, String(process.pid)); setInterval(() => {}, 1e6)`
      const description = { ...JSON.parse(readFileSync(written, 'utf8')), arguments: ['-e', text] }
      description.arguments.push('{port}', '{model}')
      writeFileSync(written, JSON.stringify(description))
      const networkFile = path.join(folder, 'up.json')
      writeFileSync(networkFile, JSON.stringify({ ...file, bootstrap: [] }))
      const { context, press } = testContext()
      const words = ['up', '--network', networkFile, '--data', path.join(folder, 'up')]
      const launching = [
        '--upstream-launch',
        written,
        '--launch-folder',
        memory,
        '--tee',
        'simulated',
      ]
      const up = buildProgram(context).parseAsync(['node', 'cocoon', ...words, ...launching])
      const refused = expect(up).rejects.toMatchObject({ code: 'INTERRUPTED' })
      await eventually(() => existsSync(pid) && readFileSync(pid, 'utf8') !== '')
      press()
      await refused
      expect(await processFacts(Number(readFileSync(pid, 'utf8')))).toBeUndefined()
    },
    START_LIMIT_MS,
  )
})

describe('no flag makes somebody else’s server a launched one', () => {
  it('nor is a launch sold under another root than its description has', async () => {
    const description = describedIn('other-root.json', [], '77'.repeat(32))
    const starting = composeProvider(inProcess('other-root', description))
    await expect(starting).rejects.toMatchObject({ kind: 'config', code: 'MODEL_ROOT_MISMATCH' })
  })

  it('nor with the address of a server', async () => {
    const both = {
      ...inProcess('both', path.join(folder, 'pinned.json')),
      upstream: { url: 'http://127.0.0.1:9' },
    }
    await expect(composeProvider(both)).rejects.toMatchObject({ code: 'UPSTREAM_OPTION' })
  })

  it('nor without a TEE: a launched server has quotes or does not start', async () => {
    const missing = () => Promise.reject(new Error('no TEE here'))
    const wanted = { place: 'launched', identity: keyOf('identity pinned') } as const
    await expect(openQuotes(crypto, wanted, missing)).rejects.toThrow('no TEE here')
    const quotes = await openQuotes(crypto, { ...wanted, place: 'upstream' }, missing)
    expect(tierOf(quotes)).toBe('open')
  })
})

/** The real looks at this machine: sockets, disks, key files, stores, a network, the command. */
import { chmodSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { startTestnet, type Testnet } from 'cocoon-node'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { launchDigest, launchedRuntimeDigest } from '#inference/upstream/launch/digest.ts'
import { ownerKeys } from '#node/cli/owner-keys.ts'
import { buildProgram } from '#node/cli/program.ts'
import { readConfiguration } from '#node/config/read.ts'
import { examine } from '#node/doctor/examine.ts'
import { freeBytes, fsyncMs, readKeysFile, storeState } from '#node/doctor/files.ts'
import { lookAtLaunch } from '#node/doctor/launch.ts'
import { onnxProviders } from '#node/doctor/onnx-providers.ts'
import { answers } from '#node/doctor/sockets.ts'
import { CHECKS } from '#node/doctor/table.ts'
import { thisMachine } from '#node/doctor/this-machine.ts'
import { portIsFree } from '#node/port.ts'
import { STORE_FILE } from '#node/store/constants.ts'
import { openPeerStore } from '#node/store/sqlite-store.ts'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { testContext } from '../support/cli-context.ts'
import { launchOf, writeLaunchModel } from '../support/launch.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

async function strangerPort(): Promise<number> {
  const server = createServer((_, response) => response.end('hello'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

describe('sockets', () => {
  it('tells a taken port from a free one, and an address that answers from one that does not', async () => {
    const port = await strangerPort()
    expect(await portIsFree(port)).toBe(false)
    expect(await answers(`/ip4/127.0.0.1/tcp/${port}/p2p/12D3`)).toBe(true)
    expect(await answers('/memory/3')).toBe(false)
    expect(await portIsFree(0)).toBe(true)
  })
})

describe('files', () => {
  it('knows a store that is missing, sound, in use and damaged', () => {
    const home = temporaryFolder()
    expect(storeState(home)).toEqual({ kind: 'missing' })
    const store = openPeerStore(home)
    expect(storeState(home)).toEqual({ kind: 'in-use', pid: process.pid })
    store.close()
    expect(storeState(home)).toEqual({ kind: 'sound' })
    writeFileSync(path.join(home, STORE_FILE), 'no database at all, by no means '.repeat(400))
    expect(storeState(home)).toMatchObject({ kind: 'damaged' })
  })

  it('reads the mode of a key file and the wallet behind it, and knows a damaged one', () => {
    const home = temporaryFolder()
    expect(readKeysFile(home)).toBeUndefined()
    const { file } = ownerKeys(home)
    expect(readKeysFile(home)).toMatchObject({ mode: 0o600, isReadable: true })
    expect(readKeysFile(home)?.walletAddress(-3)).toMatch(/^0:[0-9a-f]{64}$/)
    chmodSync(file, 0o644)
    expect(readKeysFile(home)?.mode).toBe(0o644)
    writeFileSync(file, '{}')
    expect(readKeysFile(home)?.isReadable).toBe(false)
  })

  it('measures space and durable writes, also of a folder that is not there yet', async () => {
    const missing = path.join(temporaryFolder(), 'not', 'there')
    expect(await freeBytes(missing)).toBeGreaterThan(0)
    expect(await fsyncMs(missing)).toHaveLength(9)
  })

  it('asks onnxruntime for its providers in a process of its own', async () => {
    const { version, providers } = await onnxProviders()
    expect(version).toMatch(/^\d+\.\d+\.\d+$/)
    expect(providers).toContain('cpu')
  })
})

describe('a launch description', () => {
  it('is compared with its files, and its model with the memory for it', async () => {
    const home = temporaryFolder()
    const modelFolder = path.join(home, 'model')
    writeLaunchModel(modelFolder)
    const description = launchOf(modelFolder)
    const file = path.join(home, 'launch.json')
    writeFileSync(file, JSON.stringify(description))
    const { settings } = readConfiguration({ COCOON_DATA: home }, home)
    const nowhere = () => undefined
    const machine = thisMachine({ ...settings, upstreamLaunch: file }, nowhere)
    const digest = launchDigest(nodeCrypto, description)
    const runtime = toHex(launchedRuntimeDigest(nodeCrypto, digest))
    expect(await machine.launch?.()).toMatchObject({ runtime, bytesNeeded: undefined })
    expect(thisMachine(settings, nowhere).launch?.()).toBeUndefined()

    const roots: string[] = []
    const folderOf = (root: string) => {
      roots.push(root)
      return modelFolder
    }
    const look = { file, folder: '/dev/shm', modelFolder: folderOf }
    const view = await lookAtLaunch(look)
    expect(roots).toEqual([description.model.root])
    const names = Object.keys(description.model.files)
    const sizes = names.map((name) => statSync(path.join(modelFolder, name)).size)
    expect(view.bytesNeeded).toBe(sizes.reduce((sum, size) => sum + size, 0))
    expect(view.bytesFree).toBeGreaterThan(0)
    const refused = (code: string, change: object = {}) =>
      expect(lookAtLaunch({ ...look, ...change })).rejects.toMatchObject({ code })
    await refused('LAUNCH_FOLDER', { folder: '/proc' })
    await refused('LAUNCH_INVALID', { file: path.join(home, 'missing.json') })
    rmSync(path.join(modelFolder, 'model.safetensors'))
    await refused('LAUNCH_FILE_CHANGED')
    const executable = { path: file, sha256: '00'.repeat(32) }
    writeFileSync(file, JSON.stringify({ ...description, executable }))
    await refused('LAUNCH_FILE_CHANGED')
  })
})

describe('against a network', () => {
  let testnet: Testnet
  beforeAll(async () => {
    testnet = await startTestnet()
  })
  afterAll(() => testnet?.stop())

  it('passes chain, clock, first peers, and sees an empty wallet', async () => {
    const home = temporaryFolder()
    const file = path.join(home, 'network.json')
    writeFileSync(file, JSON.stringify(testnet.network))
    mkdirSync(path.join(home, 'client'), { mode: 0o700 })
    ownerKeys(path.join(home, 'client'))
    const { settings } = readConfiguration({ COCOON_DATA: home }, home)
    const { checks } = await examine(
      CHECKS,
      thisMachine(settings, () => file),
    )
    const health = Object.fromEntries(checks.map((one) => [one.name, one.health]))
    expect(health).toMatchObject({
      chain: 'pass',
      'chain-clock': 'pass',
      bootstrap: 'pass',
      network: 'pass',
      'wallet-client': 'warn',
      'wallet-provider': 'pass',
      'keys-client': 'pass',
      node: 'pass',
    })
    expect(checks.find(({ name }) => name === 'wallet-client')?.found).toMatch(/^0 TON at 0:/)
  })
})

describe('the command', () => {
  it('prints one document with --json and exits 1 when a check fails', async () => {
    const { context, stdout, stderr, exitCodes } = testContext()
    const port = String(await strangerPort())
    const doctor = ['doctor', '--json', '--api-port', port]
    await buildProgram(context).parseAsync(doctor, { from: 'user' })
    const diagnosis = JSON.parse(stdout())
    expect(diagnosis.ok).toBe(false)
    expect(diagnosis.checks.find((one: { name: string }) => one.name === 'api-port')).toMatchObject(
      {
        health: 'fail',
        fix: expect.stringContaining('--api-port'),
      },
    )
    expect(stderr()).toMatch(/\d+ pass, \d+ warn, [1-9]\d* fail/)
    expect(exitCodes).toEqual([1])
  })

  it('prints a line a check with its fix, and exits 0 when none fails', async () => {
    const { context, stdout, exitCodes } = testContext()
    await buildProgram(context).parseAsync(['doctor'], { from: 'user' })
    expect(stdout()).toMatch(/pass node +24\./)
    expect(stdout()).toMatch(/warn network +none is configured\n +Start `cocoon testnet`/)
    expect(exitCodes).toEqual([])
  })
})

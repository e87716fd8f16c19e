/** The orchestrator with scripted peers, each a real process, around the real chain. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { LocalApi } from '#node/gateway/local-api-client.ts'
import { readNetworkFile } from '#node/testnet/network-file.ts'
import { isAlive } from '#node/testnet/run-folder.ts'
import { statusBesideNetworkFile, testnetStatus } from '#node/testnet/status.ts'
import { startScriptedTestnet } from '../support/scripted-testnet.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** Waits for a state of the operating system that nothing announces. */
async function until(reached: () => boolean): Promise<void> {
  while (!reached()) await wait(20)
}

function filesUnder(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
}

describe('a running testnet', () => {
  it('says where everything is, in files that only its owner reads, no secret in an argument', async () => {
    const { testnet } = await startScriptedTestnet({ providers: 1, clients: 2 })
    const network = readNetworkFile(testnet.run.networkFile)
    expect(network.chainUrl).toBe(testnet.chainUrl)
    expect(network.bootstrap).toHaveLength(1)
    const status = statusBesideNetworkFile(testnet.run.networkFile)
    expect(status.peers.map(({ name, alive }) => [name, alive])).toEqual([
      ['provider-1', true],
      ['client-1', true],
      ['client-2', true],
    ])
    expect(new Set(status.peers.map(({ pid }) => pid)).size).toBe(3)
    expect((await new LocalApi(status.apiUrl).status()).name).toBe('client-1')
    for (const { pid } of testnet.peers()) {
      const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      expect(commandLine).toContain(testnet.run.dir)
      expect(commandLine).not.toMatch(/[0-9a-f]{64}/)
    }
    for (const file of filesUnder(testnet.run.dir)) {
      expect([file, statSync(file).mode & 0o077]).toEqual([file, 0])
    }
  })

  it('settles, stops every process and conserves every nano unit', async () => {
    const { testnet } = await startScriptedTestnet({ clients: 2 })
    const pids = testnet.peers().map(({ pid }) => pid)
    expect(await testnet.settle()).toHaveLength(2)
    const totals = await testnet.stop()
    const funded = testnet.wallets.reduce((sum, { nano }) => sum + nano, 0n)
    expect(totals.genesisNano).toBe(funded)
    expect(totals.balancesNano + totals.feesNano).toBe(totals.genesisNano)
    expect(pids.filter(isAlive)).toEqual([])
  })

  it('refuses a second one in the same folder, not one after it', async () => {
    const testnetDir = temporaryFolder()
    const { testnet } = await startScriptedTestnet({ testnetDir })
    expect(testnetStatus(testnetDir).seed).toBe('test')
    await expect(startScriptedTestnet({ testnetDir })).rejects.toMatchObject({
      code: 'TESTNET_RUNNING',
      data: { pid: process.pid },
    })
    await testnet.stop()
    expect(() => testnetStatus(testnetDir)).toThrow(expect.objectContaining({ code: 'NO_TESTNET' }))
    await startScriptedTestnet({ testnetDir })
  })

  it('names a taken port instead of starting without an API', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const address = server.address()
    const apiPort = typeof address === 'object' && address !== null ? address.port : 0
    await expect(startScriptedTestnet({ apiPort })).rejects.toMatchObject({
      code: 'PORT_TAKEN',
      kind: 'config',
      remedy: expect.stringContaining('--api-port'),
    })
  })
})

describe('a peer that dies', () => {
  it('is announced, shown as dead, and started again with its data folder when asked', async () => {
    const { testnet, warning } = await startScriptedTestnet({ restart: true })
    const statusOfProvider = () =>
      statusBesideNetworkFile(testnet.run.networkFile).peers.find(({ role }) => role === 'provider')
    const before = statusOfProvider()!
    process.kill(before.pid, 'SIGKILL')
    expect(await warning('PEER_EXITED')).toMatchObject({ peer: 'provider-1' })
    expect(statusOfProvider()?.alive).toBe(false)
    await warning('PEER_RESTARTED')
    const { pid, ...same } = before
    expect(statusOfProvider()).toMatchObject(same)
    expect(statusOfProvider()?.pid).not.toBe(pid)
  })
})

describe('a testnet whose parent is killed', () => {
  it('leaves no process behind, and its folder can be used again', async () => {
    const testnetDir = temporaryFolder()
    const script = path.resolve(import.meta.dirname, '../support/testnet-process.ts')
    const parent = spawn(process.execPath, [script, testnetDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(parent.stdout, 'data')
    const pids: number[] = JSON.parse(String(line))
    expect(pids).toHaveLength(2)
    expect(pids.every(isAlive)).toBe(true)
    parent.kill('SIGKILL')
    await until(() => !pids.some(isAlive))
    await startScriptedTestnet({ testnetDir })
  })
})

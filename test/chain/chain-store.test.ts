/** `cocoon chain --data`: what anybody heard of survives SIGKILL at any moment. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { Address } from '@ton/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ChainStore } from '#node/chain/chain-store.ts'
import { runChain } from '#node/chain/run-chain.ts'
import { tonClientReader } from '#settlement/chain/ton-client-reader.ts'
import { callDev } from '#test/settlement/devchain-fixture.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const main = path.resolve('node/main.ts')
const settings = {
  port: 0,
  globalId: -3,
  prices: 'mainnet-2026-08',
  intervalMs: undefined,
  faults: [],
  seed: 1,
} as const

async function startProcess(dataDir: string, ...flags: string[]) {
  const child = spawn(process.execPath, [main, 'chain', '--json', '--data', dataDir, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const { url } = JSON.parse(line.toString('utf8')) as { url: string }
  return { child, url }
}

async function killed(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

const account = (index: number) => new Address(0, Buffer.alloc(32, index + 1)).toString()

describe('an embedded chain on disk', () => {
  it('makes no block on its own when blocks come at once', async () => {
    const { url } = await startProcess(temporaryFolder(), '--interval', 'instant')
    const seqno = async () => {
      const { last } = (await callDev({ url }, 'getMasterchainInfo', {})) as {
        last: { seqno: number }
      }
      return last.seqno
    }
    const before = await seqno()
    const startedAtMs = performance.now()
    for (let look = 0; look < 50; look++) await seqno()
    // An empty block when somebody looks and the last one is three seconds old, and no other.
    const emptyMax = 1 + (performance.now() - startedAtMs) / 3_000
    expect((await seqno()) - before).toBeLessThanOrEqual(emptyMax)
  })

  it.each([
    { flags: [], lives: 1 },
    { flags: ['--interval', '20'], lives: 1 },
  ])(
    'goes on after SIGKILL with every transfer that was answered: $flags',
    async ({ flags, lives }) => {
      const dataDir = temporaryFolder()
      let answered = 0
      let seqno = 0
      for (let life = 0; life < lives; life++) {
        const { child, url } = await startProcess(dataDir, ...flags)
        const sending = (async () => {
          for (;;) {
            await callDev({ url }, 'dev_faucet', { address: account(answered), nano: '1000' })
            answered++
          }
        })().catch(() => undefined)
        const goal = answered + 5
        while (answered < goal) await new Promise((resolve) => setTimeout(resolve, 5))
        await killed(child)
        await sending
        const chain = await runChain({ ...settings, dataDir })
        const access = {
          endpoint: chain.url,
          globalId: -3,
          fetch,
          timeoutSignal: (ms: number) => AbortSignal.timeout(ms),
        }
        const reader = tonClientReader(access)
        for (let index = 0; index < answered; index++) {
          expect(await reader.balance(Address.parse(account(index)))).toBeGreaterThan(0n)
        }
        const latest = await reader.latestBlock()
        expect(latest.seqno).toBeGreaterThan(seqno)
        seqno = latest.seqno
        const { genesisNano, balancesNano, feesNano, inFlightNano } = chain.totals()
        expect(genesisNano).toBe(balancesNano + feesNano + inFlightNano)
        await chain.stop()
      }
    },
    180_000,
  )

  it('is held by one process, and refuses a file of something else', async () => {
    const dataDir = temporaryFolder()
    const first = new ChainStore(dataDir)
    expect(() => new ChainStore(dataDir)).toThrow(expect.objectContaining({ code: 'STORE_LOCKED' }))
    first.close()
    const other = temporaryFolder()
    const { DatabaseSync } = await import('node:sqlite')
    const database = new DatabaseSync(path.join(other, 'chain.sqlite'))
    database.exec('CREATE TABLE mine (x INTEGER)')
    database.close()
    expect(() => new ChainStore(other)).toThrow(expect.objectContaining({ code: 'STORE_FOREIGN' }))
  })

  it('keeps prices, books, time and blocks of a chain that ended in order', async () => {
    const dataDir = temporaryFolder()
    const first = await runChain({ ...settings, prices: 'mainnet-2024', dataDir })
    await callDev(first, 'dev_faucet', { address: account(1), nano: '5' })
    await callDev(first, 'dev_time', { addSeconds: 1_000 })
    const totals = first.totals()
    const snapshot = JSON.parse(await first.snapshot())
    await first.stop()
    const second = await runChain({ ...settings, dataDir })
    expect(second.totals()).toEqual(totals)
    const { accounts, ...rest } = JSON.parse(await second.snapshot())
    const { accounts: before, ...restBefore } = snapshot
    expect(rest).toEqual(restBefore)
    expect(accounts).toEqual(expect.arrayContaining(before))
    await second.stop()
  })

  it('stops when it cannot write, rather than go on with what is on no disk', async () => {
    const dataDir = temporaryFolder()
    const store = new ChainStore(dataDir)
    const { startDevchain } = await import('#settlement/devchain/server.ts')
    const clock = { nowMs: () => 1_700_000_000_000 }
    const chain = await startDevchain({ port: 0, clock, journal: store })
    onTestFinished(() => chain.stop())
    await callDev(chain, 'dev_faucet', { address: account(1), nano: '5' })
    // A closed database stands for a full disk: both throw from the write.
    store.close()
    const refused = callDev(chain, 'dev_faucet', { address: account(1), nano: '5' })
    await expect(refused).rejects.toThrow('CHAIN_DISK')
    await expect(callDev(chain, 'dev_faucet', { address: account(2), nano: '5' })).rejects.toThrow(
      'CHAIN_DISK',
    )
  })
})

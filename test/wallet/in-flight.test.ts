/** A wallet never pays twice: killed at every step, refused, expired, raced for. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Address, Cell } from '@ton/core'
import type { TonClient } from '@ton/ton'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { journalFile } from '#node/wallet/journal-file.ts'
import type { ChainAccess } from '#settlement/chain/access.ts'
import type { WalletMessage } from '#settlement/types.ts'
import { Arrivals } from '#settlement/wallet/arrivals.ts'
import { memoryJournal } from '#settlement/wallet/journal.ts'
import {
  callDev,
  type Network,
  startNetwork,
  TON,
  walletOf,
} from '../settlement/devchain-fixture.ts'
import { rejectionCode } from '../support/error-code.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const HASH = Buffer.alloc(32)
const PAYEE = new Address(0, Buffer.alloc(32, 0xcd))
const PAID_NANO = 3n * TON

let network: Network

beforeEach(async () => {
  network = await startNetwork()
})

afterEach(async () => {
  await network.chain.stop()
})

const pay = (valueNano = PAID_NANO): WalletMessage => ({ to: PAYEE, valueNano, body: Cell.EMPTY })

/** By an observer that has nothing to do with the wallet. */
const paid = (): Promise<bigint> => network.provider.balance().then(() => balanceOf(PAYEE))

async function balanceOf(address: Address): Promise<bigint> {
  const params = { address: address.toRawString() }
  const { balance } = await callDev<{ balance: string }>(
    network.chain,
    'getAddressInformation',
    params,
  )
  return BigInt(balance)
}

const program = fileURLToPath(new URL('sending-process.ts', import.meta.url))

async function runSender(folder: string, step: string) {
  const { url, globalId } = network.chain
  const words = [program, url, `${globalId}`, folder, step, PAYEE.toRawString(), `${PAID_NANO}`]
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (part) => (output += part))
  const [code, killed] = await once(child, 'close')
  return { code, killed, output }
}

describe('killed by SIGKILL', () => {
  // What is on the chain right after the kill, and what the repeated command says.
  const steps = [
    ['before-signing', 0n, 'sent'],
    ['after-writing', 0n, 'was sent before'],
    ['before-sending', 0n, 'was sent before'],
    ['after-sending', PAID_NANO, 'was sent before'],
    ['before-clearing', PAID_NANO, 'was sent before'],
  ] as const

  it.each(steps)('%s: the same command afterwards leaves one payment', async (step, now, says) => {
    const folder = temporaryFolder()
    expect(await runSender(folder, step)).toMatchObject({ killed: 'SIGKILL', output: '' })
    expect(await paid()).toBe(now)
    expect(await runSender(folder, 'never')).toEqual({ code: 0, killed: null, output: says })
    expect(await paid()).toBe(PAID_NANO)
    expect(readdirSync(folder)).toEqual([])
  })
})

/** An endpoint that loses or refuses what is sent while `fault` is set. */
function faultyWallet(journal = memoryJournal()) {
  const state: { fault: 'lose' | 'refuse' | undefined; sent: number } = {
    fault: undefined,
    sent: 0,
  }
  const access: ChainAccess = {
    ...network.access,
    async fetch(input, init) {
      if (!String(init?.body).includes('"sendBoc"')) return fetch(input, init)
      if (state.fault === 'lose') return Response.json({ ok: true, result: {} })
      if (state.fault === 'refuse') return Response.json({ ok: false, error: 'not accepted' })
      return fetch(input, init)
    },
  }
  // No waiting: a poll that finds nothing is followed by the next at once, and few of them are enough.
  const wallet = walletOf(access, network.clock, 1, {
    journal,
    sleep: async () => undefined,
    pollsMax: 5,
  })
  return { wallet, state, journal }
}

describe('a message that was lost on its way', () => {
  it('is handed in again by the next send, which goes after it', async () => {
    const { wallet, state, journal } = faultyWallet()
    state.fault = 'lose'
    expect(await rejectionCode(wallet.send([pay()]))).toBe('TRANSACTION_UNCONFIRMED')
    const first = journal.read()
    expect(first).toBeDefined()
    state.fault = undefined
    await wallet.send([pay(TON)])
    expect(await paid()).toBe(PAID_NANO + TON)
    expect(journal.read()).toBeUndefined()
  })

  it('is void once the chain is past its time, and the same send pays once', async () => {
    const { wallet, state } = faultyWallet()
    state.fault = 'lose'
    expect(await rejectionCode(wallet.send([pay()]))).toBe('TRANSACTION_UNCONFIRMED')
    await callDev(network.chain, 'dev_time', { addSeconds: 61 })
    expect(await wallet.recover()).toBe('expired')
    state.fault = undefined
    expect(await wallet.sendEach([pay()])).toMatchObject({ wasSentBefore: false })
    expect(await paid()).toBe(PAID_NANO)
  })

  it('is found by recover(), with what became of its payment', async () => {
    const folder = temporaryFolder()
    const { wallet, state } = faultyWallet(journalFile(folder, network.client.address))
    state.fault = 'lose'
    expect(await rejectionCode(wallet.send([pay()]))).toBe('TRANSACTION_UNCONFIRMED')
    const again = walletOf(network.access, network.clock, 1, {
      journal: journalFile(folder, network.client.address),
    })
    expect(await again.recover()).toBe('executed')
    expect(await again.recover()).toBe('nothing')
    expect(await paid()).toBe(PAID_NANO)
  })
})

it('a refused message is forgotten: the chain said that it will not execute it', async () => {
  const { wallet, state, journal } = faultyWallet()
  state.fault = 'refuse'
  expect(await rejectionCode(wallet.send([pay()]))).toBe('EXTERNAL_REJECTED')
  expect(journal.read()).toBeUndefined()
  state.fault = undefined
  await wallet.send([pay()])
  expect(await paid()).toBe(PAID_NANO)
})

it('knows that a message is void when another program with the key took its sequence number', async () => {
  const { wallet, state } = faultyWallet()
  state.fault = 'lose'
  expect(await rejectionCode(wallet.send([pay()]))).toBe('TRANSACTION_UNCONFIRMED')
  await network.client.send([pay(TON)])
  expect(await wallet.recover()).toBe('expired')
  expect(await paid()).toBe(TON)
  state.fault = undefined
  await wallet.send([pay()])
  expect(await paid()).toBe(PAID_NANO + TON)
})

it('finds its own transaction below the answers of a batch, page by page', async () => {
  const all = Array.from({ length: 350 }, (_, at) => ({ lt: BigInt(1_000 - at), hash: () => HASH }))
  const pages: number[] = []
  const client = {
    async getTransactions(_: Address, { limit, lt = '2000' }: { limit: number; lt?: string }) {
      pages.push(limit)
      return all.filter((one) => one.lt < BigInt(lt)).slice(0, limit)
    },
  }
  const arrivals = new Arrivals({ client: client as unknown as TonClient, sleep: async () => {} })
  expect(await arrivals.look(PAYEE, 600n, ({ lt }) => lt === 700n)).toBe(all[300])
  expect(pages).toHaveLength(4)
  // Nothing older than the message itself is read.
  expect(await arrivals.look(PAYEE, 950n, ({ lt }) => lt === 700n)).toBeUndefined()
  expect(pages).toHaveLength(5)
})

it('keeps the journal private, and refuses one that it cannot read', async () => {
  const folder = temporaryFolder()
  const journal = journalFile(folder, network.client.address)
  const { wallet, state } = faultyWallet(journal)
  state.fault = 'lose'
  await rejectionCode(wallet.send([pay()]))
  const [name = ''] = readdirSync(folder)
  const file = path.join(folder, name)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  writeFileSync(file, '{"format":"cocoon-wallet-pending/1"}')
  expect(await rejectionCode(wallet.send([pay()]))).toBe('WALLET_JOURNAL')
  expect(await paid()).toBe(0n)
})

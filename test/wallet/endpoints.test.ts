/** A wallet with several endpoints: what one does not take goes to the next, the same bytes, and is paid once. */
import { Address, Cell } from '@ton/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ChainAccess } from '#settlement/chain/access.ts'
import type { WalletMessage } from '#settlement/types.ts'
import { memoryJournal } from '#settlement/wallet/journal.ts'
import { type Network, startNetwork, TON, walletOf } from '../settlement/devchain-fixture.ts'
import { rejectionCode } from '../support/error-code.ts'

const PAYEE = new Address(0, Buffer.alloc(32, 0xce))
const payment: WalletMessage = { to: PAYEE, valueNano: TON, body: Cell.EMPTY }

let network: Network

beforeEach(async () => {
  network = await startNetwork()
})

afterEach(async () => {
  await network.chain.stop()
})

type Fetch = typeof globalThis.fetch

/** The chain behind another endpoint, whose requests `change` meets first. */
function endpoint(change: (method: string, pass: () => Promise<Response>) => Promise<Response>) {
  const asked: string[] = []
  const sent: string[] = []
  const fetching: Fetch = (input, init) => {
    const request = JSON.parse(String(init?.body)) as { method: string; params: { boc?: string } }
    asked.push(request.method)
    if (request.params.boc !== undefined) sent.push(request.params.boc)
    return change(request.method, () => fetch(input, init))
  }
  const access: ChainAccess = { ...network.access, fetch: fetching }
  return { access, asked, sent }
}

const lost = () => Promise.reject(new TypeError('the connection was lost'))
const good = () => endpoint((_, pass) => pass())
const dead = () => endpoint(lost)

const walletAt = (access: ChainAccess, ...others: ChainAccess[]) =>
  walletOf(access, network.clock, 1, { others, journal: memoryJournal() })

async function paidNano(): Promise<bigint> {
  const url = `${network.chain.url.replace('jsonRPC', '')}getAddressBalance?address=${PAYEE}`
  return BigInt(((await (await fetch(url)).json()) as { result: string }).result)
}

describe('a wallet with several endpoints', () => {
  it('reads and sends through the next when the first is down, and stays there', async () => {
    const [first, second] = [dead(), good()]
    const wallet = walletAt(first.access, second.access)
    expect(await wallet.balance()).toBe(100n * TON)
    await wallet.send([payment])
    const triesOfFirst = first.asked.length
    await wallet.send([{ ...payment, valueNano: 2n * TON }])
    expect(await paidNano()).toBe(3n * TON)
    expect(first.asked).toHaveLength(triesOfFirst)
  })

  it('hands the same bytes to the next when the first fails at the message alone', async () => {
    const first = endpoint((method, pass) => (method === 'sendBoc' ? lost() : pass()))
    const second = good()
    await walletAt(first.access, second.access).send([payment])
    expect(second.sent).toEqual(first.sent)
    expect(await paidNano()).toBe(TON)
  })

  it('does not take it for refused when the first passed it on and lost the answer', async () => {
    const first = endpoint(async (method, pass) => {
      const answer = await pass()
      return method === 'sendBoc' ? lost() : answer
    })
    const second = good()
    const wallet = walletAt(first.access, second.access)
    await wallet.send([payment])
    expect(second.sent).toEqual(first.sent)
    expect(await paidNano()).toBe(TON)
  })

  it('asks one endpoint alone about a message in flight, so that two views never mix', async () => {
    const first = endpoint((method, pass) => (method === 'getTransactions' ? lost() : pass()))
    const second = good()
    const wallet = walletAt(first.access, second.access)
    expect(await rejectionCode(wallet.send([payment]))).toBe('CHAIN_UNREACHABLE')
    expect(second.asked).toEqual([])
    expect(await paidNano()).toBe(TON)
  })

  it('says so when none answers, and hands in the very message that it signed when asked again', async () => {
    let isDown = false
    const falling = () => endpoint((_, pass) => (isDown ? lost() : pass()))
    const [first, second] = [
      endpoint(async (method, pass) => {
        if (method === 'sendBoc') isDown = true
        return isDown ? lost() : pass()
      }),
      falling(),
    ]
    const wallet = walletAt(first.access, second.access)
    expect(await rejectionCode(wallet.send([payment]))).toBe('CHAIN_UNREACHABLE')
    expect(await paidNano()).toBe(0n)
    isDown = false
    const third = walletAt(good().access)
    expect(await third.balance()).toBe(100n * TON)
    first.sent.length = 0
    await expect(wallet.send([payment])).rejects.toMatchObject({ code: 'CHAIN_UNREACHABLE' })
    expect(new Set([...first.sent, ...second.sent]).size).toBe(1)
  })

  it('refuses endpoints of different networks', () => {
    const other = { ...network.access, globalId: -239 }
    expect(() => walletAt(network.access, other)).toThrow('different networks')
  })
})

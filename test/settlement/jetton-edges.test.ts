/**
 * The jetton channel where one nanoTON, one second or one number decides. Found by mutation testing (`npm run mutants`).
 */
import { beginCell } from '@ton/core'
import { describe, expect, it } from 'vitest'
import { PRICE_TABLES, type PriceTable } from '#settlement/devchain/prices.ts'
import {
  jettonClaimMessage,
  jettonCloseMessage,
  jettonDestroyMessage,
  jettonFinishMessage,
} from '#settlement/jetton/jetton-channel.ts'
import type { WalletMessage } from '#settlement/types.ts'
import { JettonBench, UNIT } from './jetton/jetton-bench.ts'
import type { Sent } from './sandbox-bench.ts'

const DAY_S = 86_400
const TRANSFER = 0x0f8a7ea5
/** Set in the query id of a refund. */
const REFUND_BIT = 1n << 63n

/** The least value with which a first claim is taken: what one transfer must be able to pay, and the call's own gas. */
const CLAIM_LEAST_NANO: Readonly<Record<PriceTable, bigint>> = {
  'mainnet-2026-08': 4_775_338n,
  'mainnet-2024': 28_652_000n,
}

/** The same message under another query id than 0. */
function withQuery(message: WalletMessage, queryId: bigint): WalletMessage {
  const body = message.body.beginParse()
  const opcode = body.loadUint(32)
  body.loadUint(64)
  const asked = beginCell().storeUint(opcode, 32).storeUint(queryId, 64).storeSlice(body).endCell()
  return { ...message, body: asked }
}

/** Query ids of the transfers that the channel asked its jetton wallet for. */
function transfersOf({ transactions }: Sent, bench: JettonBench): readonly bigint[] {
  return transactions.flatMap(({ inMessage }) => {
    if (!inMessage?.info.src?.toString().includes(`${bench.channel}`)) return []
    const body = inMessage.body.beginParse()
    return body.remainingBits >= 96 && body.loadUint(32) === TRANSFER ? [body.loadUintBig(64)] : []
  })
}

describe.each(PRICE_TABLES)('the jetton channel at its edges, prices %s', (prices) => {
  it('takes a claim from the least value on that covers a transfer, and refuses one nano less', async () => {
    const bench = await JettonBench.open(prices)
    const { provider } = bench.bench
    await bench.deposit(100n * UNIT)
    const claim = jettonClaimMessage(bench.terms, bench.voucher(40n * UNIT, 1))
    const valueNano = CLAIM_LEAST_NANO[prices]
    const short = await bench.bench.send(provider, { ...claim, valueNano: valueNano - 1n })
    expect(short.exitCode).toBe(412)
    expect((await bench.bench.send(provider, { ...claim, valueNano })).exitCode).toBe(0)
    expect((await bench.state()).paid).toBe(40n * UNIT)
  })

  it('names payment and refund by the query of the call, the refund with its mark', async () => {
    const bench = await JettonBench.open(prices)
    await bench.deposit(100n * UNIT)
    const close = jettonCloseMessage(bench.terms, bench.voucher(40n * UNIT, 1))
    const sent = await bench.bench.send(bench.bench.provider, withQuery(close, 78n))
    expect(transfersOf(sent, bench)).toEqual([78n, REFUND_BIT | 78n])
  })

  it('is destroyed a day and a second after its last transfer, and not a day after it', async () => {
    const bench = await JettonBench.open(prices)
    await bench.deposit(100n * UNIT)
    const { chain, stranger } = bench.bench
    const lastTransferAt = bench.terms.expiresAt + 2 * bench.terms.closeDelay
    chain.now = lastTransferAt
    await bench.bench.send(stranger, jettonFinishMessage(bench.terms))
    const destroy = jettonDestroyMessage(bench.terms)
    chain.now = lastTransferAt + DAY_S
    expect((await bench.bench.send(stranger, destroy)).exitCode).toBe(414)
    chain.now = lastTransferAt + DAY_S + 1
    expect((await bench.bench.send(stranger, destroy)).success).toBe(true)
  })
})

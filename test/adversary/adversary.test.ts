/**
 * Who cheats, and what it costs the other side: the coins that arrive on the chain, against the bound of
 * docs/spec/settlement.md (a chunk and a half on either side). Attacks on the wire are in
 * test/e2e/attacks-*.test.ts and test/faults/misbehaviour.test.ts; README.md lists all of them.
 */
import { describe, expect, it } from 'vitest'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { signCell, voucherCell } from '#settlement/cells.ts'
import { usedTotalNano } from '#settlement/channel/state.ts'
import {
  claimMessage,
  closeMessage,
  coopCloseMessage,
  finishMessage,
  startCloseMessage,
} from '#settlement/wallet/messages.ts'
import { codeOf } from '../settlement/channel-fixture.ts'
import { CHUNK_NANO, CHUNK_TOKENS, TOKEN_NANO } from '../support/settling/billing.ts'
import { closeTogether, type Pair } from '../support/settling/conversation.ts'
import { bestOf, CLOSE_DELAY_S, DEPOSIT_NANO, Stage } from '../support/settling/stage.ts'

/** FORMATS: what either side has at risk at most. */
const EXPOSURE_NANO = (3n * CHUNK_NANO) / 2n

async function scene() {
  const stage = await Stage.open()
  const client = await stage.client('client')
  const provider = await stage.provider('provider')
  const pair = await stage.channel(client, provider)
  return { stage, client, provider, pair }
}

class Gone extends Error {}

/** The client takes what it can of an answer and is gone when it should send voucher number `after`. */
function takeAndGo(stage: Stage, pair: Pair, after: number): void {
  let vouchers = 0
  const voucherSent = (): void => {
    vouchers++
    if (vouchers > after) throw new Gone()
  }
  expect(() => stage.answer({ ...pair, wire: { ...pair.wire, voucherSent } }, 100)).toThrow(Gone)
}

const voucherOf = (pair: Pair, amountNano: bigint, leafCount = 0) =>
  signCell(
    nodeCrypto,
    pair.client.sessionKey,
    voucherCell({
      channel: pair.client.state.address,
      ...{ amountNano, leafCount, receiptsRoot: pair.client.state.best.receiptsRoot },
    }),
  )

describe('a client', () => {
  it.each([0, 1, 2, 4])(
    'that stops paying after %i vouchers leaves no token unpaid',
    async (after) => {
      const { stage, provider, pair } = await scene()
      takeAndGo(stage, pair, after)
      const { best, terms } = pair.provider.state
      if (best.signed !== undefined) {
        await stage.send(provider.wallet, claimMessage(terms, best.signed))
      }
      const arrivedNano = (await stage.audit(provider)).account.paidNano
      expect(arrivedNano).toBe(best.amountNano)
      expect(usedTotalNano(pair.provider.state) - arrivedNano).toBeLessThanOrEqual(0n)
      // Nor does the client lose more than the chunk it had just signed.
      expect(pair.client.state.best.amountNano - best.amountNano).toBeLessThanOrEqual(CHUNK_NANO)
    },
  )

  it('that promises one deposit to two providers pays both: each has its own channel', async () => {
    const { stage, client, provider, pair } = await scene()
    const second = await stage.provider('second')
    const other = await stage.channel(client, second)
    stage.answer(pair, 30)
    stage.answer(other, 50)
    // What it signed for one is nothing to the other, and neither takes more than its own deposit.
    expect(codeOf(() => other.provider.acceptVoucher(bestOf(pair)))).toBe('SIGNATURE_INVALID')
    const above = voucherOf(pair, DEPOSIT_NANO + 1n)
    expect(codeOf(() => pair.provider.acceptVoucher(above))).toBe('VOUCHER_NOT_NEWER')
    const current = pair.provider.state.best
    const root = { leafCount: current.leafCount, receiptsRoot: current.receiptsRoot }
    const cell = voucherCell({
      ...{ channel: pair.client.state.address, amountNano: DEPOSIT_NANO + 1n, ...root },
    })
    const tooMuch = signCell(nodeCrypto, pair.client.sessionKey, cell)
    expect(codeOf(() => pair.provider.acceptVoucher(tooMuch))).toBe('VOUCHER_ABOVE_DEPOSIT')
    await stage.send(provider.wallet, claimMessage(pair.client.state.terms, bestOf(pair)))
    await stage.send(second.wallet, claimMessage(other.client.state.terms, bestOf(other)))
    for (const [peer, tokens] of [
      [provider, 30n],
      [second, 50n],
    ] as const) {
      const { account, usedNano } = await stage.audit(peer)
      expect(usedNano).toBe(tokens * TOKEN_NANO)
      expect(account.paidNano).toBeGreaterThanOrEqual(usedNano)
    }
  })

  it('that withdraws in the middle of an answer is claimed from before its delay ends', async () => {
    const { stage, client, provider, pair } = await scene()
    takeAndGo(stage, pair, 3)
    const { terms } = pair.client.state
    await stage.send(client.wallet, startCloseMessage(terms))
    await stage.look(pair)
    expect(codeOf(() => pair.provider.acceptVoucher(voucherOf(pair, 390_000n)))).toBe(
      'CHANNEL_NOT_OPEN',
    )
    // It cannot take the deposit before the provider had its time.
    await stage.send(client.wallet, finishMessage(terms)).catch(() => undefined)
    expect(await stage.arrivedNano(pair, client.wallet)).toBe(0n)
    stage.chain.advance(CLOSE_DELAY_S - 60)
    await stage.send(provider.wallet, claimMessage(terms, bestOf(pair)))
    stage.chain.advance(120)
    await stage.send(client.wallet, finishMessage(terms))
    const { account } = await stage.audit(provider)
    expect(account.paidNano).toBe(pair.provider.state.best.amountNano)
    expect(account.paidNano).toBeGreaterThanOrEqual(usedTotalNano(pair.provider.state))
    expect(await stage.arrivedNano(pair, client.wallet)).toBe(DEPOSIT_NANO - account.paidNano)
  })

  it('that replays vouchers of another channel or network moves no coin', async () => {
    const { stage, client, provider, pair } = await scene()
    const sibling = await stage.channel(client, provider)
    stage.answer(sibling, 40)
    expect(codeOf(() => pair.provider.acceptVoucher(bestOf(sibling)))).toBe('SIGNATURE_INVALID')
    // Signed by the right key, and naming the other channel.
    const named = { ...sibling, client: { ...pair.client, state: sibling.client.state } }
    const { sessionKey } = pair.client
    const misnamed = voucherOf(
      { ...named, client: { ...named.client, sessionKey } } as Pair,
      9_000n,
    )
    expect(codeOf(() => pair.provider.acceptVoucher(misnamed))).toBe('CHANNEL_MISMATCH')
    await stage.send(client.wallet, claimMessage(pair.client.state.terms, bestOf(sibling)))
    const abroad = client.create({ ...pair.client.state.terms, globalId: -239 })
    const there = { ...pair, client: abroad }
    const foreign = voucherOf(there, 10_000n)
    expect(codeOf(() => pair.provider.acceptVoucher(foreign))).toMatch(/SIGNATURE|CHANNEL_MISMATCH/)
    await stage.send(client.wallet, claimMessage(pair.client.state.terms, foreign))
    expect((await stage.chain.reader.channel(pair.client.state.address))?.claimedNano).toBe(0n)
  })

  it('that replays vouchers of a closed channel gets no service for them', async () => {
    const { stage, client, provider, pair } = await scene()
    stage.answer(pair, 20)
    const replayed = bestOf(pair)
    const { terms } = pair.client.state
    await stage.send(client.wallet, coopCloseMessage(terms, closeTogether(pair)))
    await stage.look(pair)
    expect(codeOf(() => pair.provider.acceptVoucher(replayed))).toBe('CHANNEL_NOT_OPEN')
    const beforeNano = await stage.arrivedNano(pair, provider.wallet)
    await stage.send(client.wallet, claimMessage(terms, replayed))
    expect(await stage.arrivedNano(pair, provider.wallet)).toBe(beforeNano)
    expect((await stage.audit(client)).isExplained).toBe(true)
  })
})

describe('a provider', () => {
  it('that claims twice is paid once', async () => {
    const { stage, client, provider, pair } = await scene()
    stage.answer(pair, 48)
    const message = claimMessage(pair.client.state.terms, bestOf(pair))
    await stage.send(provider.wallet, message)
    const once = (await stage.audit(client)).account
    await stage.send(provider.wallet, message)
    const twice = (await stage.audit(client)).account
    expect([once.paidNano, twice.paidNano]).toEqual([48n * TOKEN_NANO, 48n * TOKEN_NANO])
  })

  it('that closes early keeps no more than a chunk that it did not serve', async () => {
    const { stage, client, provider, pair } = await scene()
    takeAndGo(stage, pair, 3)
    await stage.send(provider.wallet, closeMessage(pair.client.state.terms, bestOf(pair)))
    const { account } = await stage.audit(client)
    expect(await stage.arrivedNano(pair, client.wallet)).toBe(DEPOSIT_NANO - account.paidNano)
    const lostNano = account.paidNano - usedTotalNano(pair.client.state)
    expect(lostNano).toBeGreaterThan(0n)
    expect(lostNano).toBeLessThanOrEqual(EXPOSURE_NANO)
  })

  it('that hides its best voucher loses by it, and the client keeps its own', async () => {
    const { stage, client, provider, pair } = await scene()
    stage.answer(pair, CHUNK_TOKENS)
    const older = bestOf(pair)
    const olderNano = pair.provider.state.best.amountNano
    stage.answer(pair, 64)
    const { terms, best } = pair.client.state
    await stage.send(provider.wallet, closeMessage(terms, older))
    expect((await stage.audit(client)).account.paidNano).toBe(olderNano)
    expect(await stage.arrivedNano(pair, client.wallet)).toBe(DEPOSIT_NANO - olderNano)
    // When both meet, an older voucher does not replace the newer one.
    expect(best.amountNano).toBeGreaterThan(olderNano)
    const { expiresAt } = terms
    const hiding = { bestVoucher: older, leafCount: pair.client.state.tree.count }
    const view = { ...hiding, peaks: pair.client.state.tree.peaks, missingLeaves: [] }
    pair.client.meet({
      ...{ ...view, usedTotalNano: pair.client.state.settledNano, expiresAt },
    } as unknown as Parameters<typeof pair.client.meet>[0])
    expect(pair.client.state.best.amountNano).toBe(best.amountNano)
  })

  it('that asks more in its close authorisation than was used is refused', async () => {
    const { stage, provider, pair } = await scene()
    stage.answer(pair, 20)
    const other = await stage.channel(await stage.client('other'), provider)
    stage.answer(other, 60)
    pair.client.beginClosing()
    expect(codeOf(() => pair.client.checkCloseAuth(closeTogether(other)))).toBe('CHANNEL_MISMATCH')
  })
})

describe('a close authorisation', () => {
  it('is worth nothing when it has expired, and cannot be used twice', async () => {
    const { stage, client, pair } = await scene()
    stage.answer(pair, 20)
    const closeAuth = closeTogether(pair)
    stage.chain.advance(16 * 60)
    await stage.send(client.wallet, coopCloseMessage(pair.client.state.terms, closeAuth))
    expect((await stage.chain.reader.channel(pair.client.state.address))?.closed).toBe(false)
    expect(codeOf(() => pair.client.checkCloseAuth(closeAuth))).toBe('CLOSE_AUTH_REFUSED')
  })

  it('signed before a crash still binds the provider after it', async () => {
    const { stage, provider, pair } = await scene()
    stage.answer(pair, 20)
    closeTogether(pair)
    provider.crash({ pick: (items: readonly unknown[]) => items[0] } as never)
    const again = provider.deskOf(pair.client)
    expect(again.state.status).toBe('closing')
    expect(again.closeAuthUntilS).toBeGreaterThan(stage.chain.nowS)
    expect(codeOf(() => again.acceptVoucher(voucherOf(pair, 300_000n)))).toBe('CHANNEL_NOT_OPEN')
  })
})

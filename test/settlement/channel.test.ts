/** What each side of a channel refuses, disputes and signs; the property test covers the rest. */
import { describe, expect, it } from 'vitest'
import { utf8 } from '#protocol/bytes.ts'
import { signCell } from '#settlement/cells/signed.ts'
import {
  closeAuthCell,
  openCloseAuth,
  openVoucher,
  voucherCell,
} from '#settlement/cells/voucher.ts'
import {
  clientAllocate,
  clientCheckCloseAuth,
  clientCheckpoint,
  clientFinalVoucher,
  clientForget,
  clientLeaf,
} from '#settlement/channel/client.ts'
import { decodeChannelState, encodeChannelState } from '#settlement/channel/codec.ts'
import { clientMeet, clientView, providerMeet, providerView } from '#settlement/channel/meeting.ts'
import {
  providerAcceptVoucher,
  providerAllocate,
  providerAsk,
  providerBeginClose,
  providerCheckpoint,
  providerLeaf,
  signCloseAuth,
} from '#settlement/channel/provider.ts'
import {
  type ChannelState,
  creditNano,
  freeze,
  newChannel,
  observeChain,
  usedTotalNano,
} from '#settlement/channel/state.ts'
import { OPEN_REQUESTS_MAX } from '#settlement/constants.ts'
import { clientKey, codeOf, crypto, makeTerms, NOW_S, providerKey } from './channel-fixture.ts'

const context = { crypto, sessionKey: clientKey }
const idOf = (number: number) => number.toString(16).padStart(32, '0')
const A = idOf(0xa)
const B = idOf(0xb)

function opened(role: 'client' | 'provider', depositedNano = 1_000n): ChannelState {
  const seen = { closeAt: 0, closed: false, leafCount: 0, receiptsRoot: new Uint8Array(32) }
  const chain = { terms: makeTerms(), depositedNano, claimedNano: 0n, ...seen }
  return observeChain(newChannel(role, makeTerms()), chain)
}

function allocate(state: ChannelState, requestId: string, allocatedNano: bigint) {
  return clientAllocate(context, state, { requestId, allocatedNano }, NOW_S)
}

/** Both sides after the client asked for each allocation and the provider took it. */
function pair(...asks: readonly (readonly [string, bigint])[]) {
  let client = opened('client')
  let provider = opened('provider')
  for (const [requestId, allocatedNano] of asks) {
    const signing = allocate(client, requestId, allocatedNano)
    client = signing.state
    if (signing.voucher) provider = providerAcceptVoucher(crypto, provider, signing.voucher, NOW_S)
    provider = providerAsk(provider, requestId, NOW_S).state
    provider = providerAllocate(provider, { requestId, allocatedNano }, NOW_S)
  }
  return { client, provider }
}

const signed = (requestId: string, leafIndex: number, usedNano: bigint, usedTotal = usedNano) => ({
  requestId,
  leafIndex,
  usedNano,
  usedTotalNano: usedTotal,
  leafData: utf8(`${requestId} ${usedNano}`),
})

describe('the client', () => {
  it('signs only when the total must rise, and reuses what is left of a voucher', () => {
    const first = allocate(opened('client'), A, 100n)
    const voucher = openVoucher(crypto, first.voucher!, clientKey.publicKey, first.state.address)
    expect(voucher).toMatchObject({ amountNano: 100n, leafCount: 0 })
    const ended = clientLeaf(crypto, first.state, signed(A, 0, 30n)).state
    expect(creditNano(ended)).toBe(70n)
    const second = allocate(ended, B, 70n)
    expect(second.voucher).toBeUndefined()
    const third = allocate(second.state, B, 71n)
    expect(third.state.best).toMatchObject({ amountNano: 101n, leafCount: 1 })
  })

  it('stops at the deposit and names both amounts', () => {
    const { state } = allocate(opened('client'), A, 1_000n)
    expect(() => allocate(state, B, 1n)).toThrow(
      expect.objectContaining({
        code: 'INSUFFICIENT_DEPOSIT',
        data: { neededNano: 1_001n, depositedNano: 1_000n },
      }),
    )
  })

  it('refuses what makes no sense, each with its code', () => {
    const { state } = allocate(opened('client'), A, 100n)
    expect(codeOf(() => allocate(state, A, 99n))).toBe('ALLOCATION_LOWERED')
    expect(codeOf(() => allocate(state, B, -1n))).toBe('ALLOCATION_LOWERED')
    expect(codeOf(() => allocate(state, 'zz', 1n))).toBe('REQUEST_ID_INVALID')
    expect(codeOf(() => allocate(newChannel('client', makeTerms()), A, 1n))).toBe(
      'CHANNEL_NOT_OPEN',
    )
    expect(codeOf(() => allocate(freeze(state, 'root'), A, 200n))).toBe('CHANNEL_FROZEN')
    const late = () =>
      clientAllocate(context, state, { requestId: A, allocatedNano: 200n }, makeTerms().expiresAt)
    expect(codeOf(late)).toBe('CHANNEL_EXPIRED')
    expect(codeOf(() => clientCheckpoint(state, signed(B, 0, 1n)))).toBe('REQUEST_UNKNOWN')
    const ended = clientLeaf(crypto, allocate(state, B, 5n).state, signed(B, 1, 1n)).state
    expect(codeOf(() => clientCheckpoint(ended, signed(B, 1, 1n)))).toBe('REQUEST_ENDED')
    expect(codeOf(() => clientForget(ended, B))).toBe('REQUEST_ENDED')
    expect(clientForget(state, A).requests).toEqual([])
    let full = opened('client')
    for (let at = 0; at < OPEN_REQUESTS_MAX; at++) full = allocate(full, idOf(at), 1n).state
    expect(codeOf(() => allocate(full, A, 1n))).toBe('REQUESTS_TOO_MANY')
  })

  it.each([
    ['used-above-allocation', signed(A, 0, 101n)],
    ['used-lowered', signed(A, 0, 39n)],
    ['leaf-index', signed(A, 1, 50n)],
    ['used-total', signed(A, 0, 50n, 151n)],
    ['used-total', signed(A, 0, 50n, 49n)],
  ])('freezes on %s and signs nothing more', (dispute, bad) => {
    let { client } = pair([A, 100n], [B, 100n])
    client = clientCheckpoint(client, signed(A, 0, 40n)).state
    client = clientCheckpoint(client, signed(B, 1, 10n, 50n)).state
    for (const take of [
      () => clientCheckpoint(client, bad),
      () => clientLeaf(crypto, client, bad),
    ]) {
      const result = take()
      expect(result).toMatchObject({ dispute, state: { status: 'frozen', dispute } })
      expect(codeOf(() => allocate(result.state, A, 300n))).toBe('CHANNEL_FROZEN')
      expect(codeOf(() => clientFinalVoucher(context, result.state, NOW_S))).toBe('CHANNEL_FROZEN')
    }
  })

  it('appends leaves in index order, whatever order they end in', () => {
    const { client } = pair([A, 100n], [B, 100n])
    const waiting = clientLeaf(crypto, client, signed(B, 1, 20n)).state
    expect(waiting.tree.count).toBe(0)
    const both = clientLeaf(crypto, waiting, signed(A, 0, 30n, 50n)).state
    expect([both.tree.count, both.settledNano, both.requests.length]).toEqual([2, 50n, 0])
    const { voucher, state } = clientFinalVoucher(context, both, NOW_S)
    expect(openVoucher(crypto, voucher!, clientKey.publicKey, state.address)).toMatchObject({
      amountNano: 200n,
      leafCount: 2,
    })
    expect(clientFinalVoucher(context, state, NOW_S).voucher).toBeUndefined()
  })
})

describe('the provider', () => {
  const voucher = (
    amountNano: bigint,
    leafCount = 0,
    root = new Uint8Array(32),
    key = clientKey,
  ) => {
    const channel = opened('provider').address
    return signCell(
      crypto,
      key,
      voucherCell({ channel, amountNano, leafCount, receiptsRoot: root }),
    )
  }
  const accept = (state: ChannelState, bytes: ReturnType<typeof voucher>, nowS = NOW_S) =>
    providerAcceptVoucher(crypto, state, bytes, nowS)

  it('takes only vouchers that rise, are covered, rooted and in time', () => {
    const state = accept(opened('provider'), voucher(100n))
    const refusals: [string, () => unknown][] = [
      ['VOUCHER_NOT_NEWER', () => accept(state, voucher(100n))],
      ['VOUCHER_NOT_NEWER', () => accept(state, voucher(99n))],
      ['VOUCHER_ABOVE_DEPOSIT', () => accept(state, voucher(1_001n))],
      ['VOUCHER_ROOT', () => accept(state, voucher(200n, 0, new Uint8Array(32).fill(1)))],
      ['VOUCHER_ROOT', () => accept(state, voucher(200n, 1))],
      ['SIGNATURE_INVALID', () => accept(state, voucher(200n, 0, new Uint8Array(32), providerKey))],
      ['CHANNEL_EXPIRED', () => accept(state, voucher(200n), makeTerms().expiresAt)],
      ['CHANNEL_FROZEN', () => accept(freeze(state, 'root'), voucher(200n))],
      ['CHANNEL_NOT_OPEN', () => accept(newChannel('provider', makeTerms()), voucher(200n))],
      ['CHANNEL_NOT_OPEN', () => accept(providerBeginClose(state, NOW_S).state, voucher(200n))],
    ]
    for (const [code, work] of refusals) expect(codeOf(work)).toBe(code)
  })

  it('lets a voucher lag by eight leaves and no more', () => {
    let state = accept(opened('provider'), voucher(500n))
    const lagging = voucher(600n)
    for (let at = 0; at < 8; at++) {
      state = providerAsk(state, idOf(at), NOW_S).state
      state = providerLeaf(crypto, state, { ...signed(idOf(at), at, 0n) }).state
    }
    expect(accept(state, lagging).best.amountNano).toBe(600n)
    state = providerAsk(state, A, NOW_S).state
    state = providerLeaf(crypto, state, signed(A, 8, 0n)).state
    expect(codeOf(() => accept(state, lagging))).toBe('VOUCHER_ROOT')
  })

  it('grants and bills no more than was prepaid', () => {
    const { provider } = pair([A, 100n])
    const raise = () => providerAllocate(provider, { requestId: A, allocatedNano: 101n }, NOW_S)
    expect(codeOf(raise)).toBe('CREDIT_EXCEEDED')
    const bill = (usedNano: bigint) => providerCheckpoint(provider, signed(A, 0, usedNano))
    expect(codeOf(() => bill(101n))).toBe('USED_ABOVE_ALLOCATION')
    expect(usedTotalNano(bill(100n))).toBe(100n)
    expect(codeOf(() => providerBeginClose(provider, NOW_S))).toBe('REQUESTS_OPEN')
  })

  it('records the end before it authorises it, at what was used', () => {
    let { client, provider } = pair([A, 100n])
    const leaf = signed(A, 0, 40n)
    provider = providerLeaf(crypto, provider, leaf).state
    client = clientLeaf(crypto, client, leaf).state
    const { state, authorisation } = providerBeginClose(provider, NOW_S)
    expect(state.status).toBe('closing')
    expect(authorisation).toMatchObject({ amountNano: 40n, leafCount: 1, validUntil: NOW_S + 900 })
    const auth = signCloseAuth(crypto, providerKey, authorisation)
    expect(openCloseAuth(crypto, auth, providerKey.publicKey, state.address).amountNano).toBe(40n)
    expect(clientCheckCloseAuth(crypto, client, auth, NOW_S).amountNano).toBe(40n)
    const wrong = [
      { amountNano: 41n },
      { leafCount: 0 },
      { receiptsRoot: new Uint8Array(32) },
      { validUntil: NOW_S },
    ]
    for (const change of wrong) {
      const other = signCell(crypto, providerKey, closeAuthCell({ ...authorisation, ...change }))
      const check = () => clientCheckCloseAuth(crypto, client, other, NOW_S)
      expect(codeOf(check)).toBe('CLOSE_AUTH_REFUSED')
    }
  })

  it('never authorises less than was claimed already', () => {
    const { provider } = pair([A, 100n])
    const ended = providerLeaf(crypto, provider, signed(A, 0, 40n)).state
    const claimed = { ...ended, claimedNano: 90n }
    expect(providerBeginClose(claimed, NOW_S).authorisation.amountNano).toBe(90n)
  })
})

const unseen = (requestId: string, leafIndex: number) => ({
  requestId,
  leafIndex,
  usedNano: 0n,
  leafData: utf8(`nothing used ${requestId}`),
})

describe('meeting again', () => {
  it('ends a request at its last checkpoint, and one that was never seen unused', () => {
    let { client, provider } = pair([A, 100n], [B, 100n])
    provider = providerCheckpoint(provider, signed(A, 0, 30n))
    client = clientCheckpoint(client, signed(A, 0, 30n)).state
    provider = providerCheckpoint(provider, signed(A, 0, 60n))
    provider = providerCheckpoint(provider, signed(B, 1, 60n))
    const meeting = providerMeet(crypto, provider, clientView(client), unseen, NOW_S)
    expect(meeting.appended.map((leaf) => leaf.usedNano)).toEqual([30n, 0n])
    expect(meeting.appended[1]).toEqual(unseen(B, 1))
    expect(meeting.unacknowledgedNano).toBe(90n)
    const met = clientMeet(crypto, client, providerView(meeting.state, meeting.appended))
    expect(met.dispute).toBeUndefined()
    expect([met.state.settledNano, creditNano(met.state)]).toEqual([30n, 170n])
  })

  it.each([
    ['a checkpoint above what was signed', { usedNano: 61n }, 'checkpoint'],
    ['a checkpoint of another leaf', { leafIndex: 1 }, 'checkpoint'],
  ])('disputes %s', (_, change, dispute) => {
    const { client, provider } = pair([A, 100n])
    const served = providerCheckpoint(provider, signed(A, 0, 60n))
    const view = { ...clientView(client), openCheckpoints: [{ ...signed(A, 0, 30n), ...change }] }
    expect(providerMeet(crypto, served, view, unseen, NOW_S)).toMatchObject({
      dispute,
      state: { status: 'frozen' },
    })
  })

  it('disputes peaks of another tree, a side that lost leaves, and altered leaves', () => {
    const { client, provider } = pair([A, 100n])
    const leaf = signed(A, 0, 40n)
    const ended = providerLeaf(crypto, provider, leaf)
    const counted = clientLeaf(crypto, client, leaf).state
    const other = { ...clientView(counted), peaks: [new Uint8Array(32).fill(1)] }
    expect(providerMeet(crypto, ended.state, other, unseen, NOW_S).dispute).toBe('root')
    const lost = providerMeet(crypto, opened('provider'), clientView(counted), unseen, NOW_S)
    expect(lost.dispute).toBe('other-side-lost-leaves')
    const altered = [{ ...leaf, leafData: utf8('something else') }]
    expect(clientMeet(crypto, client, providerView(ended.state, altered)).dispute).toBe('root')
    const poorer = providerView(ended.state, [{ ...leaf, usedNano: 39n }])
    expect(clientMeet(crypto, client, poorer).dispute).toBe('used-total')
    const dropped = providerView(opened('provider'), [])
    expect(clientMeet(crypto, counted, dropped).dispute).toBe('other-side-lost-leaves')
  })

  it('refuses views that are too large or name a request twice', () => {
    const { client, provider } = pair([A, 100n])
    const twice = { ...clientView(client), openCheckpoints: [signed(A, 0, 1n), signed(A, 1, 1n)] }
    expect(codeOf(() => providerMeet(crypto, provider, twice, unseen, NOW_S))).toBe(
      'VIEW_MALFORMED',
    )
    const huge = { ...signed(A, 0, 1n), leafData: new Uint8Array(5_000) }
    const view = providerView(provider, [huge])
    expect(codeOf(() => clientMeet(crypto, client, view))).toBe('VIEW_MALFORMED')
    const peaks = { ...clientView(client), leafCount: 3 }
    expect(codeOf(() => providerMeet(crypto, provider, peaks, unseen, NOW_S))).toBe(
      'TREE_MALFORMED',
    )
  })
})

describe('a stored channel', () => {
  it('comes back as it was, and is refused when it was changed', () => {
    const { client } = pair([A, 100n])
    const state = clientCheckpoint(client, signed(A, 0, 30n)).state
    const plain = encodeChannelState(state)
    expect(encodeChannelState(decodeChannelState(JSON.parse(JSON.stringify(plain))))).toEqual(plain)
    const broken = [
      null,
      { ...plain, extra: 1 },
      { ...plain, depositedNano: '-1' },
      { ...plain, depositedNano: '01' },
      { ...plain, terms: `${plain.terms}00` },
      { ...plain, status: 'half-open' },
      { ...plain, tree: { count: 1, peaks: [] } },
      { ...plain, recentRoots: [] },
    ]
    for (const one of broken) {
      expect(codeOf(() => decodeChannelState(one))).toBe('CHANNEL_STATE_INVALID')
    }
  })

  it('follows the chain and never comes back from closing', () => {
    const open = opened('client')
    const seen = (change: object) =>
      observeChain(open, {
        terms: makeTerms(),
        depositedNano: 5n,
        claimedNano: 2n,
        closeAt: 0,
        closed: false,
        leafCount: 0,
        receiptsRoot: new Uint8Array(32),
        ...change,
      })
    expect(seen({})).toMatchObject({ status: 'open', depositedNano: 5n, claimedNano: 2n })
    expect(seen({ closeAt: 9 }).status).toBe('closing')
    expect(seen({ closed: true }).status).toBe('closed')
    expect(observeChain(seen({ closeAt: 9 }), undefined).status).toBe('closing')
    expect(freeze(seen({ closed: true }), 'root').status).toBe('closed')
  })
})

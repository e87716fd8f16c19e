/** What every PeerStore must do; run against each implementation. */
import { expect, it } from 'vitest'
import type { PeerStore } from '#node/store/peer-store.ts'

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

const receipt = (id: string, createdAtMs: number) => ({
  id,
  channel: '0:aa',
  leafIndex: 0,
  provider: 'provider-1',
  model: 'demo',
  promptTokens: 3,
  cachedTokens: 1,
  completionTokens: 5,
  usedNano: 2n ** 63n,
  finish: 'stop',
  file: '/tmp/receipt',
  createdAtMs,
})

export function testPeerStore(open: () => PeerStore): void {
  it('keeps and replaces meta values', () => {
    const store = open()
    expect(store.meta('sequence')).toBeUndefined()
    store.setMeta('sequence', '1')
    store.setMeta('sequence', '2')
    expect(store.meta('sequence')).toBe('2')
  })

  it('keeps channels by role and replaces their state', () => {
    const store = open()
    store.saveChannel({ address: '0:aa', role: 'client', stateJson: '{"a":1}', updatedAtMs: 1 })
    store.saveChannel({ address: '0:bb', role: 'provider', stateJson: '{}', updatedAtMs: 1 })
    store.saveChannel({ address: '0:aa', role: 'client', stateJson: '{"a":2}', updatedAtMs: 2 })
    expect(store.loadChannels()).toHaveLength(2)
    expect(store.loadChannels('client')).toEqual([
      { address: '0:aa', role: 'client', stateJson: '{"a":2}', updatedAtMs: 2 },
    ])
  })

  it('appends leaves in order only', () => {
    const store = open()
    store.appendLeaf('0:aa', 0, bytes(1))
    store.appendLeaf('0:aa', 1, bytes(2))
    expect(() => store.appendLeaf('0:aa', 1, bytes(9))).toThrow(
      expect.objectContaining({ code: 'LEAF_OUT_OF_ORDER' }),
    )
    expect(() => store.appendLeaf('0:aa', 3, bytes(9))).toThrow(
      expect.objectContaining({ code: 'LEAF_OUT_OF_ORDER' }),
    )
    expect(store.leafCount('0:aa')).toBe(2)
    expect(store.leaves('0:aa', 1)).toEqual([{ leafIndex: 1, receipt: bytes(2) }])
    expect(store.leafCount('0:bb')).toBe(0)
  })

  it('keeps checkpoints of a request, finds the last ones and drops them', () => {
    const store = open()
    for (const ordinal of [0, 1, 2]) {
      store.addCheckpoint({ channel: '0:aa', requestId: 'r1', ordinal, receipt: bytes(ordinal) })
    }
    store.addCheckpoint({ channel: '0:aa', requestId: 'r2', ordinal: 0, receipt: bytes(7) })
    expect(store.checkpoints('0:aa', 'r1').map((row) => row.ordinal)).toEqual([0, 1, 2])
    expect(store.lastCheckpoints('0:aa').map((row) => [row.requestId, row.receipt[0]])).toEqual([
      ['r1', 2],
      ['r2', 7],
    ])
    store.dropCheckpoints('0:aa', 'r1')
    expect(store.checkpoints('0:aa', 'r1')).toEqual([])
    expect(store.checkpoints('0:aa', 'r2')).toHaveLength(1)
  })

  it('lists receipts newest first, with amounts beyond 2^53', () => {
    const store = open()
    store.addReceipt(receipt('old', 1))
    store.addReceipt(receipt('new', 2))
    expect(store.receipts().map((row) => row.id)).toEqual(['new', 'old'])
    expect(store.receipt('old')).toEqual(receipt('old', 1))
    expect(store.receipt('none')).toBeUndefined()
  })

  it('keeps and erases the salts of a request', () => {
    const store = open()
    const row = { requestId: 'r1', channel: '0:aa', requestSalt: bytes(1), responseSalt: bytes(2) }
    store.saveAsk(row)
    expect(store.ask('r1')).toEqual(row)
    store.eraseAsk('r1')
    expect(store.ask('r1')).toBeUndefined()
  })

  it('keeps jobs and their lines', () => {
    const store = open()
    store.saveJob({ id: 'j1', stateJson: '{}', updatedAtMs: 1 })
    store.saveJob({ id: 'j2', stateJson: '{}', updatedAtMs: 2 })
    store.saveJob({ id: 'j1', stateJson: '{"done":true}', updatedAtMs: 3 })
    expect(store.jobs().map((row) => row.id)).toEqual(['j2', 'j1'])
    expect(store.job('j1')?.stateJson).toBe('{"done":true}')
    const line = { jobId: 'j1', lineIndex: 1, status: 'waiting', receiptId: undefined } as const
    store.saveJobLine({ ...line, error: undefined })
    store.saveJobLine({ ...line, lineIndex: 0, status: 'failed', error: 'NO_PROVIDER' })
    store.saveJobLine({ ...line, status: 'done', receiptId: 'x', error: undefined })
    expect(store.jobLines('j1').map((row) => [row.lineIndex, row.status])).toEqual([
      [0, 'failed'],
      [1, 'done'],
    ])
  })

  it('rolls a transaction back as a whole, inner ones included', () => {
    const store = open()
    const failed = () =>
      store.transaction(() => {
        store.setMeta('a', '1')
        store.transaction(() => store.setMeta('b', '1'))
        throw new Error('stop')
      })
    expect(failed).toThrow('stop')
    expect([store.meta('a'), store.meta('b')]).toEqual([undefined, undefined])
    const saved = store.transaction(() => {
      store.setMeta('a', '2')
      return 'result'
    })
    expect(saved).toBe('result')
    expect(store.meta('a')).toBe('2')
  })

  it('refuses an asynchronous transaction', () => {
    const store = open()
    const work = () =>
      store.transaction(async () => {
        store.setMeta('a', '1')
      })
    expect(work).toThrow('synchronous')
    expect(store.meta('a')).toBeUndefined()
  })

  it('refuses values beyond its limits', () => {
    const store = open()
    expect(() => store.setMeta('a', 'x'.repeat(65_537))).toThrow(
      expect.objectContaining({ code: 'STORE_VALUE_TOO_LARGE' }),
    )
    expect(() => store.appendLeaf('0:aa', 0, new Uint8Array(65_537))).toThrow(
      expect.objectContaining({ code: 'STORE_VALUE_TOO_LARGE' }),
    )
  })

  it('says so when it is closed', () => {
    const store = open()
    store.close()
    store.close()
    const closed = expect.objectContaining({ code: 'STORE_CLOSED' })
    expect(() => store.meta('a')).toThrow(closed)
    expect(() => store.transaction(() => 1)).toThrow(closed)
  })
}

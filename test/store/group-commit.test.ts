/** One sync for many channels: who may rely on what, and how many vouchers a second become durable. */
import { describe, expect, it, onTestFinished } from 'vitest'
import { measureVoucherCommits } from '#node/bench/voucher-commits.ts'
import { GROUP_WORKS_MAX } from '#node/store/constants.ts'
import { openPeerStore } from '#node/store/sqlite-store.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const code = (value: string) => expect.objectContaining({ code: value })

function open() {
  const store = openPeerStore(temporaryFolder())
  onTestFinished(() => store.close())
  return store
}

describe('group commit', () => {
  it('runs every work of a turn in order, and resolves each with its own result', async () => {
    const store = open()
    const works = ['a', 'b', 'c'].map((value) =>
      store.group(() => {
        const before = store.meta('seen') ?? ''
        store.setMeta('seen', before + value)
        return before
      }),
    )
    expect(store.meta('seen')).toBeUndefined()
    expect(await Promise.all(works)).toEqual(['', 'a', 'ab'])
    expect(store.meta('seen')).toBe('abc')
  })

  it('rolls back a work that throws, alone', async () => {
    const store = open()
    const good = store.group(() => store.setMeta('good', '1'))
    const bad = store.group(() => {
      store.setMeta('bad', '1')
      throw new Error('refused')
    })
    const later = store.group(() => store.setMeta('later', '1'))
    await expect(bad).rejects.toThrow('refused')
    await Promise.all([good, later])
    expect(['good', 'bad', 'later'].map((key) => store.meta(key))).toEqual(['1', undefined, '1'])
  })

  it('refuses a work that is not synchronous', async () => {
    const store = open()
    await expect(store.group(async () => store.setMeta('a', '1'))).rejects.toThrow(TypeError)
  })

  it('commits what waits when the store is closed, and refuses what comes after', async () => {
    const folder = temporaryFolder()
    const store = openPeerStore(folder)
    const waiting = store.group(() => store.setMeta('kept', 'yes'))
    store.close()
    await waiting
    await expect(store.group(() => store.meta('kept'))).rejects.toEqual(code('STORE_CLOSED'))
    const again = openPeerStore(folder)
    onTestFinished(() => again.close())
    expect(again.meta('kept')).toBe('yes')
  })

  it('bounds what waits for the disk', async () => {
    const store = open()
    const works = Array.from({ length: GROUP_WORKS_MAX }, () => store.group(() => undefined))
    await expect(store.group(() => undefined)).rejects.toEqual(code('STORE_BUSY'))
    await Promise.all(works)
  })

  it('keeps at least 2,000 vouchers a second with 256 clients, each waiting for its own', async () => {
    const folder = temporaryFolder()
    const nowMs = () => performance.now()
    const measured = await measureVoucherCommits({ folder, crypto: nodeCrypto, nowMs })
    console.log(
      `durable vouchers a second: ${measured.groupedPerSecond.toFixed(0)} in groups, ` +
        `${measured.singlePerSecond.toFixed(0)} one by one`,
    )
    // Where a sync takes its time, sharing it shows; a disk that only promises has nothing to share.
    const isSyncSlow = measured.singlePerSecond < 1_000
    if (isSyncSlow) {
      expect(measured.groupedPerSecond).toBeGreaterThan(2 * measured.singlePerSecond)
    }
    const store = openPeerStore(folder)
    onTestFinished(() => store.close())
    expect(store.loadChannels('provider')).toHaveLength(257)
    for (const { stateJson } of store.loadChannels('provider').slice(1)) {
      expect(stateJson).toContain('"amountNano":"16"')
    }
  })
})

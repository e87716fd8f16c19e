/**
 * What every `ChainReader` must do, whatever is behind it. `create` returns a reader of a chain on
 * which the channel of `terms` holds exactly `expected`.
 */
import { Address } from '@ton/core'
import { describe, expect, it } from 'vitest'
import { toHex } from '#protocol/bytes.ts'
import { channelAddress, encodeTerms } from '#settlement/cells/terms.ts'
import type { ChainReader, ChannelOnChain } from '#settlement/types.ts'

export interface ChainSubject {
  readonly reader: ChainReader
  readonly globalId: number
  readonly expected: ChannelOnChain
  /** A wallet: an account with code that is no channel's. */
  readonly wallet: Address
  readonly walletNano: bigint
}

/** Addresses and byte arrays compare by content only. */
function plain(channel: ChannelOnChain) {
  const { terms, receiptsRoot, ...rest } = channel
  return { ...rest, terms: toHex(encodeTerms(terms)), receiptsRoot: toHex(receiptsRoot) }
}

export function testChainReader(name: string, create: () => Promise<ChainSubject>): void {
  describe(`chain reader: ${name}`, () => {
    it('reads the channel as the contract keeps it', async () => {
      const { reader, expected } = await create()
      const found = await reader.channel(channelAddress(expected.terms))
      expect(found).toBeDefined()
      expect(plain(found!)).toEqual(plain(expected))
    })

    it('knows no channel where there is none, or where the code is another', async () => {
      const { reader, wallet } = await create()
      expect(await reader.channel(new Address(0, Buffer.alloc(32, 0xab)))).toBeUndefined()
      expect(await reader.channel(wallet)).toBeUndefined()
    })

    it('reads balances, zero where nothing is', async () => {
      const { reader, wallet, walletNano } = await create()
      expect(await reader.balance(wallet)).toBe(walletNano)
      expect(await reader.balance(new Address(0, Buffer.alloc(32, 0xab)))).toBe(0n)
    })

    it('finds a block again by its number, and none that is not there', async () => {
      const { reader, globalId } = await create()
      const latest = await reader.latestBlock()
      expect(reader.globalId).toBe(globalId)
      expect(latest.rootHash).toHaveLength(32)
      expect(await reader.block(latest.seqno)).toEqual(latest)
      const before = await reader.block(latest.seqno - 1)
      expect(before?.rootHash).not.toEqual(latest.rootHash)
      expect(before?.time).toBeLessThanOrEqual(latest.time)
      expect(await reader.block(latest.seqno + 1_000_000)).toBeUndefined()
    })

    it('lists transactions newest first, at most as many as asked', async () => {
      const { reader, expected } = await create()
      const address = channelAddress(expected.terms)
      const all = await reader.transactions(address, 50)
      expect(all.length).toBeGreaterThan(2)
      expect(all.every((one, at) => at === 0 || one.lt < all[at - 1]!.lt)).toBe(true)
      expect(all[all.length - 1]).toMatchObject({ success: true, opcode: 0x4f50454e, exitCode: 0 })
      const hashes = (some: typeof all) => some.map(({ hash }) => toHex(hash))
      expect(hashes(await reader.transactions(address, 2))).toEqual(hashes(all.slice(0, 2)))
      expect(hashes(await reader.transactions(address, 50, all[0]))).toEqual(hashes(all.slice(1)))
    })

    it('tells what came in, what went out and what was paid, so that the balance follows', async () => {
      const { reader, expected } = await create()
      const address = channelAddress(expected.terms)
      const all = await reader.transactions(address, 50)
      const nano = all.reduce(
        (sum, { received, sent, totalFeesNano }) =>
          sum +
          (received?.valueNano ?? 0n) -
          totalFeesNano -
          sent.reduce((out, one) => out + one.valueNano + one.forwardFeeNano, 0n),
        0n,
      )
      expect(nano).toBe(await reader.balance(address))
    })
  })
}

/** The short way of reading and writing a voucher is the general way: same bytes, same hash, same refusals. */
import { Address } from '@ton/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { signCell } from '#settlement/cells/signed.ts'
import { encodeCell } from '#settlement/cells/strict.ts'
import { openVoucher, signVoucher, voucherCell } from '#settlement/cells/voucher.ts'
import { readVoucherLayout, writeVoucherLayout } from '#settlement/cells/voucher-layout.ts'
import { clientKey, crypto } from './channel-fixture.ts'

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
const vouchers = fc.record({
  channel: bytes32.map((hash) => new Address(0, Buffer.from(hash))),
  amountNano: fc
    .integer({ min: 0, max: 120 })
    .chain((bits) => fc.bigInt({ min: 0n, max: (1n << BigInt(bits)) - 1n })),
  leafCount: fc.integer({ min: 0, max: 0xffff_ffff }),
  receiptsRoot: bytes32,
})

describe('the layout of a voucher', () => {
  it('is written as the general way writes it, for every length of the amount', () => {
    const lengths = new Set<number>()
    fc.assert(
      fc.property(vouchers, (voucher) => {
        const cell = voucherCell(voucher)
        const { boc, hash } = writeVoucherLayout(crypto, voucher)
        lengths.add(boc.length)
        expect(boc).toEqual(encodeCell(cell))
        expect(hash).toEqual(new Uint8Array(cell.hash()))
        const read = readVoucherLayout(crypto, boc)
        expect(read?.hash).toEqual(hash)
        expect({ ...read?.voucher, channel: '' }).toEqual({ ...voucher, channel: '' })
        expect(read?.voucher.channel.equals(voucher.channel)).toBe(true)
        expect(signVoucher(crypto, clientKey, voucher)).toEqual(signCell(crypto, clientKey, cell))
      }),
      { numRuns: 400 },
    )
    expect(lengths.size).toBe(16)
  })

  it('refuses every voucher with one bit changed, as the general way does', () => {
    const [voucher] = fc.sample(vouchers, { numRuns: 1, seed: 4 })
    const signed = signVoucher(crypto, clientKey, voucher!)
    for (let bit = 0; bit < 8 * signed.boc.length; bit++) {
      const boc = Uint8Array.from(signed.boc)
      boc[bit >> 3]! ^= 1 << (bit & 7)
      expect(readVoucherLayout(crypto, boc)).toBeUndefined()
      const open = () =>
        openVoucher(crypto, { ...signed, boc }, clientKey.publicKey, voucher!.channel)
      expect(open).toThrow(expect.objectContaining({ code: 'CELL_MALFORMED' }))
    }
  })

  it('reads nothing that the general way refuses, whatever the bytes', () => {
    fc.assert(
      fc.property(vouchers, fc.nat(), fc.nat({ max: 255 }), (voucher, at, byte) => {
        const { boc } = writeVoucherLayout(crypto, voucher)
        // Any byte changed and the checksum made good again, so that the shape alone decides.
        const changed = Uint8Array.from(boc)
        changed[at % (boc.length - 4)] = byte
        const fixed = withChecksum(changed)
        const read = readVoucherLayout(crypto, fixed)
        const signature = crypto.ed25519Sign(clientKey, read?.hash ?? new Uint8Array(32))
        const channel = read?.voucher.channel ?? voucher.channel
        const open = () =>
          openVoucher(crypto, { boc: fixed, signature }, clientKey.publicKey, channel)
        if (read === undefined) expect(open).toThrow()
        else expect(writeVoucherLayout(crypto, read.voucher).boc).toEqual(fixed)
      }),
      { numRuns: 600 },
    )
  })

  it('takes no amount, count, root or workchain that a voucher cannot hold', () => {
    const [voucher] = fc.sample(vouchers, { numRuns: 1, seed: 1 })
    const wrong = [
      { amountNano: 1n << 120n },
      { amountNano: -1n },
      { leafCount: 2 ** 32 },
      { leafCount: 1.5 },
      { receiptsRoot: new Uint8Array(31) },
      { channel: new Address(-1, Buffer.alloc(32)) },
    ]
    for (const change of wrong) {
      expect(() => writeVoucherLayout(crypto, { ...voucher!, ...change })).toThrow(RangeError)
    }
  })
})

/** CRC-32C bit by bit: written apart from the code under test. */
function withChecksum(boc: Uint8Array): Uint8Array {
  const fixed = Uint8Array.from(boc)
  const body = fixed.subarray(0, -4)
  let crc = 0xffff_ffff
  for (const byte of body) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1
  }
  new DataView(fixed.buffer).setUint32(fixed.length - 4, ~crc >>> 0, true)
  return fixed
}

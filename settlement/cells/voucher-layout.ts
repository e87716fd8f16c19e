/**
 * A voucher read and written byte by byte. Its cell has one shape for each length of its amount, so bag, bits and
 * hash need no general reader: this path equals `voucherFormat` (test/settlement/voucher-layout.test.ts) and is
 * what a provider runs for every chunk.
 */
import { Address } from '@ton/core'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import type { Voucher } from '../types.ts'

/**
 * Bag: magic, flags (CRC-32C, 1-byte sizes), 1-byte offsets, one cell, one root, none absent, length, root 0.
 * Cell: two descriptors, then tag(32) address(267) amount(4 + 8n) leaf_count(32) receipts_root(256), completion bit.
 */
const BAG_START = [0xb5, 0xee, 0x9c, 0x72, 0x41, 0x01, 0x01, 0x01, 0x00] as const
const CELL_AT = 11
const DATA_AT = CELL_AT + 2
const CRC_BYTES = 4
/** Bytes of data without the amount's own. */
const DATA_BYTES_MIN = 74
const AMOUNT_BYTES_MAX = 15
const ADDRESS_HASH_BIT = 43
const AMOUNT_LENGTH_BIT = 299
const AMOUNT_BIT = 303
/** "VCR1", then addr_std without anycast: 10 0, and the first bits of workchain 0. */
const DATA_START = [0x56, 0x43, 0x52, 0x31, 0x80] as const

export interface VoucherLayout {
  readonly voucher: Voucher
  /** Representation hash of the cell: what the signature covers. */
  readonly hash: Uint8Array
}

/** Undefined: not the canonical bytes of a voucher. */
export function readVoucherLayout(
  crypto: Pick<CryptoPort, 'sha256'>,
  boc: Uint8Array,
): VoucherLayout | undefined {
  const amountBytes = boc.length - DATA_AT - DATA_BYTES_MIN - CRC_BYTES
  if (amountBytes < 0 || amountBytes > AMOUNT_BYTES_MAX) return undefined
  const dataBytes = DATA_BYTES_MIN + amountBytes
  const crcAt = DATA_AT + dataBytes
  const isFramed =
    BAG_START.every((byte, at) => boc[at] === byte) &&
    boc[9] === 2 + dataBytes &&
    boc[10] === 0 &&
    boc[CELL_AT] === 0 &&
    boc[CELL_AT + 1] === 2 * dataBytes - 1 &&
    crc32c(boc.subarray(0, crcAt)) === readUint32LittleEndian(boc, crcAt)
  if (!isFramed) return undefined
  const data = boc.subarray(DATA_AT, crcAt)
  const isShaped =
    DATA_START.every((byte, at) => data[at] === byte) &&
    // Seven bits of the last byte are data; the eighth completes it.
    (data[dataBytes - 1]! & 1) === 1 &&
    bitsAt(data, 32, 11) === 0b100_0000_0000 &&
    bitsAt(data, AMOUNT_LENGTH_BIT, 4) === amountBytes &&
    (amountBytes === 0 || bitsAt(data, AMOUNT_BIT, 8) !== 0)
  if (!isShaped) return undefined
  const leafCountBit = AMOUNT_BIT + 8 * amountBytes
  const voucher = {
    channel: new Address(0, Buffer.from(bytesAt(data, ADDRESS_HASH_BIT, 32))),
    amountNano: integer(bytesAt(data, AMOUNT_BIT, amountBytes)),
    leafCount: Number(integer(bytesAt(data, leafCountBit, 4))),
    receiptsRoot: bytesAt(data, leafCountBit + 32, 32),
  }
  return { voucher, hash: crypto.sha256(boc.subarray(CELL_AT, crcAt)) }
}

/** The canonical bag of cells, and the hash to sign. @throws RangeError on a value that no voucher holds */
export function writeVoucherLayout(
  crypto: Pick<CryptoPort, 'sha256'>,
  { channel, amountNano, leafCount, receiptsRoot }: Voucher,
): { readonly boc: Uint8Array; readonly hash: Uint8Array } {
  const amount = amountNano === 0n ? '' : amountNano.toString(16)
  const amountBytes = (amount.length + 1) >> 1
  const isHeld =
    channel.workChain === 0 &&
    amountNano >= 0n &&
    amountBytes <= AMOUNT_BYTES_MAX &&
    receiptsRoot.length === 32 &&
    Number.isInteger(leafCount) &&
    leafCount >= 0 &&
    leafCount <= 0xffff_ffff
  if (!isHeld) throw new RangeError('no voucher holds this')
  const dataBytes = DATA_BYTES_MIN + amountBytes
  const crcAt = DATA_AT + dataBytes
  const boc = new Uint8Array(crcAt + CRC_BYTES)
  boc.set(BAG_START)
  boc[9] = 2 + dataBytes
  boc[CELL_AT + 1] = 2 * dataBytes - 1
  const data = boc.subarray(DATA_AT, crcAt)
  data.set(DATA_START)
  putBytes(data, ADDRESS_HASH_BIT, channel.hash)
  // The length takes 4 bits: as the low half of a byte that begins 4 bits earlier, in zeros of nobody's.
  data[AMOUNT_LENGTH_BIT >> 3]! |= amountBytes << 1
  const leafCountBit = AMOUNT_BIT + 8 * amountBytes
  putBytes(data, AMOUNT_BIT, Buffer.from(amount.padStart(2 * amountBytes, '0'), 'hex'))
  const count = [leafCount >>> 24, leafCount >>> 16, leafCount >>> 8, leafCount]
  putBytes(data, leafCountBit, Uint8Array.from(count))
  putBytes(data, leafCountBit + 32, receiptsRoot)
  data[dataBytes - 1]! |= 1
  const crc = crc32c(boc.subarray(0, crcAt))
  for (let at = 0; at < CRC_BYTES; at++) boc[crcAt + at] = crc >>> (8 * at)
  return { boc, hash: crypto.sha256(boc.subarray(CELL_AT, crcAt)) }
}

/** Up to 16 bits, most significant first. */
function bitsAt(data: Uint8Array, bit: number, count: number): number {
  const at = bit >> 3
  const window = (data[at]! << 16) | ((data[at + 1] ?? 0) << 8) | (data[at + 2] ?? 0)
  return (window >> (24 - (bit & 7) - count)) & ((1 << count) - 1)
}

/** Bytes that begin in the middle of one. */
function bytesAt(data: Uint8Array, bit: number, length: number): Uint8Array {
  const shift = bit & 7
  const first = bit >> 3
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at++) {
    bytes[at] = (data[first + at]! << shift) | ((data[first + at + 1] ?? 0) >> (8 - shift))
  }
  return bytes
}

/** Into zeros. */
function putBytes(data: Uint8Array, bit: number, bytes: Uint8Array): void {
  const shift = bit & 7
  const first = bit >> 3
  for (let at = 0; at < bytes.length; at++) {
    data[first + at]! |= bytes[at]! >> shift
    data[first + at + 1]! |= bytes[at]! << (8 - shift)
  }
}

function integer(bytes: Uint8Array): bigint {
  let value = 0n
  for (let at = 0; at < bytes.length; at += 4) {
    const end = Math.min(at + 4, bytes.length)
    let part = 0
    for (let index = at; index < end; index++) part = part * 256 + bytes[index]!
    value = (value << BigInt(8 * (end - at))) | BigInt(part)
  }
  return value
}

function readUint32LittleEndian(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
  )
}

/** CRC-32C (Castagnoli), reflected polynomial. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1
  return crc
})

function crc32c(bytes: Uint8Array): number {
  let crc = 0xffff_ffff
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8)
  return ~crc >>> 0
}

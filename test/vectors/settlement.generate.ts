/**
 * Writes settlement.json beside itself: `npx node test/vectors/settlement.generate.ts`. Every key is
 * made of a repeated byte, so that another implementation can make the same signatures.
 */
import { writeFileSync } from 'node:fs'
import { Address, beginCell, Cell } from '@ton/core'
import { toHex } from '../../protocol/bytes.ts'
import { nodeCrypto as crypto } from '../../protocol/crypto/node.ts'
import { billCell, delegateCell, priceQuoteCell } from '../../settlement/cells/bill.ts'
import { signCell } from '../../settlement/cells/signed.ts'
import { encodeCell } from '../../settlement/cells/strict.ts'
import { channelAddress, termsCell } from '../../settlement/cells/terms.ts'
import { closeAuthCell, voucherCell } from '../../settlement/cells/voucher.ts'

const address = (byte: number) => new Address(0, Buffer.alloc(32, byte))
const bytes = (byte: number) => new Uint8Array(32).fill(byte)
const key = (byte: number) => crypto.ed25519FromSeed(bytes(byte))
const clientKey = key(3)
const settlementKey = key(4)
const responseKey = key(6)

const terms = {
  globalId: -3,
  client: address(0x11),
  provider: address(0x22),
  clientKey: clientKey.publicKey,
  providerKey: settlementKey.publicKey,
  closeDelay: 3_600,
  expiresAt: 1_797_592_000,
  salt: 7n,
}
const channel = channelAddress(terms)
const totals = { channel, amountNano: 1_500_000_000n, leafCount: 2, receiptsRoot: bytes(9) }
const prices = {
  promptNanoPerMtok: 40_000_000n,
  cachedNanoPerMtok: 4_000_000n,
  completionNanoPerMtok: 160_000_000n,
}
const quote = { globalId: -3, modelRoot: bytes(0x33), prices, validUntil: 1_795_003_600 }
const counts = { promptTokens: 120, cachedTokens: 20, completionTokens: 300 }

const cells = {
  voucher: { by: clientKey, cell: voucherCell(totals) },
  close_auth: { by: settlementKey, cell: closeAuthCell({ ...totals, validUntil: 1_795_000_900 }) },
  price_quote: { by: settlementKey, cell: priceQuoteCell(quote) },
  delegate: {
    by: settlementKey,
    cell: delegateCell({ globalId: -3, responseKey: responseKey.publicKey, notAfter: 1_795_003_600 }),
  },
  bill: {
    by: responseKey,
    cell: billCell({
      channel,
      leafIndex: 1,
      quoteHash: new Uint8Array(priceQuoteCell(quote).hash()),
      counts,
      usedNano: 52_080n,
      usedTotalNano: 104_160n,
    }),
  },
}

const valid = Object.entries(cells).map(([kind, { by, cell }]) => {
  const signed = signCell(crypto, by, cell)
  return {
    kind,
    hash: cell.hash().toString('hex'),
    boc: toHex(signed.boc),
    publicKey: toHex(by.publicKey),
    signature: toHex(signed.signature),
  }
})

/** A voucher of this project in an encoding, or with contents, that must be refused. */
function invalid(name: string, cell: Cell, boc: Uint8Array, code: string, by = clientKey) {
  const signature = crypto.ed25519Sign(by, cell.hash())
  return { name, code, boc: toHex(boc), signature: toHex(signature) }
}

const voucher = cells.voucher.cell
const fields = (tag: number, to: Address) =>
  beginCell().storeUint(tag, 32).storeAddress(to).storeCoins(1n).storeUint(0, 32)
const longCoins = beginCell()
  .storeUint(0x56435231, 32)
  .storeAddress(channel)
  .storeUint(2, 4)
  .storeUint(1, 16)
  .storeUint(0, 32)
  .storeUint(0n, 256)
  .endCell()
const extraBit = beginCell().storeSlice(voucher.beginParse()).storeBit(true).endCell()
const extraRef = beginCell()
  .storeSlice(voucher.beginParse())
  .storeRef(beginCell().endCell())
  .endCell()
const otherTag = fields(0x56435232, channel).storeUint(0n, 256).endCell()
const short = fields(0x56435231, channel).storeUint(0n, 255).endCell()
const masterchain = fields(0x56435231, new Address(-1, channel.hash)).storeUint(0n, 256).endCell()
const foreign = fields(0x56435231, address(0x44)).storeUint(0n, 256).endCell()
const plain = (cell: Cell) => encodeCell(cell)

const invalidVouchers = [
  invalid('empty', voucher, new Uint8Array(), 'CELL_MALFORMED'),
  invalid('over 1024 bytes', voucher, new Uint8Array(1025).fill(0xb5), 'CELL_MALFORMED'),
  invalid('no checksum', voucher, voucher.toBoc({ idx: false, crc32: false }), 'CELL_MALFORMED'),
  invalid('with an index', voucher, voucher.toBoc({ idx: true, crc32: true }), 'CELL_MALFORMED'),
  invalid('a byte after the end', voucher, Uint8Array.of(...plain(voucher), 0), 'CELL_MALFORMED'),
  invalid('one bit more', extraBit, plain(extraBit), 'CELL_MALFORMED'),
  invalid('one reference more', extraRef, plain(extraRef), 'CELL_MALFORMED'),
  invalid('one bit less', short, plain(short), 'CELL_MALFORMED'),
  invalid('amount with a leading zero byte', longCoins, plain(longCoins), 'CELL_MALFORMED'),
  invalid('another tag', otherTag, plain(otherTag), 'CELL_MALFORMED'),
  invalid('a masterchain address', masterchain, plain(masterchain), 'CELL_MALFORMED'),
  invalid('a close_auth', cells.close_auth.cell, plain(cells.close_auth.cell), 'CELL_MALFORMED'),
  invalid('signed by another key', voucher, plain(voucher), 'SIGNATURE_INVALID', settlementKey),
  invalid('of another channel', foreign, plain(foreign), 'CHANNEL_MISMATCH'),
]

const document = {
  about: 'Cells of docs/spec/settlement.md. All bytes in hexadecimal, amounts in nanoTON.',
  seeds: { clientKey: toHex(bytes(3)), settlementKey: toHex(bytes(4)), responseKey: toHex(bytes(6)) },
  terms: {
    globalId: terms.globalId,
    client: terms.client.toRawString(),
    provider: terms.provider.toRawString(),
    clientKey: toHex(terms.clientKey),
    providerKey: toHex(terms.providerKey),
    closeDelay: terms.closeDelay,
    expiresAt: terms.expiresAt,
    salt: String(terms.salt),
    boc: toHex(encodeCell(termsCell(terms))),
    hash: termsCell(terms).hash().toString('hex'),
    channel: channel.toRawString(),
  },
  valid,
  invalidVouchers,
}
writeFileSync(new URL('settlement.json', import.meta.url), `${JSON.stringify(document, undefined, 1)}\n`)

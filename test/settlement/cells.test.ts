/** Cells against the committed vectors, and one changed byte at a time. */
import { readFileSync } from 'node:fs'
import { Address } from '@ton/core'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '#protocol/bytes.ts'
import {
  billCell,
  channelAddress,
  checkTerms,
  closeAuthCell,
  delegateCell,
  encodeCell,
  encodeTerms,
  openBill,
  openCloseAuth,
  openDelegate,
  openPriceQuote,
  openVoucher,
  parseTerms,
  priceQuoteCell,
  signCell,
  voucherCell,
} from '#settlement/cells.ts'
import { CELL_BOC_BYTES_MAX } from '#settlement/constants.ts'
import { CHANNEL_CODE } from '#settlement/contracts/code.ts'
import { CONTRACTS, compileContract } from '#settlement/contracts/compile.ts'
import type { SignedBytes } from '#settlement/types.ts'
import { clientKey, codeOf, crypto, makeTerms, NOW_S, strangerKey } from './channel-fixture.ts'

interface Vectors {
  readonly terms: { readonly boc: string; readonly hash: string; readonly channel: string }
  readonly valid: readonly Record<'kind' | 'hash' | 'boc' | 'publicKey' | 'signature', string>[]
  readonly invalidVouchers: readonly Record<'name' | 'code' | 'boc' | 'signature', string>[]
}

const vectors = JSON.parse(
  readFileSync(new URL('../vectors/settlement.json', import.meta.url), 'utf8'),
) as Vectors
const channel = Address.parse(vectors.terms.channel)

/** Opens a cell of any kind and writes it again. */
const REOPEN: Record<
  string,
  (signed: SignedBytes, key: Uint8Array) => ReturnType<typeof voucherCell>
> = {
  voucher: (signed, key) => voucherCell(openVoucher(crypto, signed, key, channel)),
  close_auth: (signed, key) => closeAuthCell(openCloseAuth(crypto, signed, key, channel)),
  price_quote: (signed, key) => priceQuoteCell(openPriceQuote(crypto, signed, key)),
  delegate: (signed, key) => delegateCell(openDelegate(crypto, signed, key)),
  bill: (signed, key) => billCell(openBill(crypto, signed, key, channel)),
}

const REFUSALS = ['CELL_MALFORMED', 'SIGNATURE_INVALID', 'CHANNEL_MISMATCH']

describe.each(CONTRACTS)('the code of %s', (name) => {
  it('is what the committed source compiles to', async () => {
    const file = new URL(`../../settlement/contracts/${name}.code.json`, import.meta.url)
    const committed = JSON.parse(readFileSync(file, 'utf8')) as { codeHash: string }
    expect(await compileContract(name)).toEqual(committed)
    if (name === 'uni-channel') expect(CHANNEL_CODE.hash().toString('hex')).toBe(committed.codeHash)
  })
})

describe('terms', () => {
  it('are encoded, hashed and addressed as in the vectors', () => {
    const terms = parseTerms(fromHex(vectors.terms.boc))
    expect(toHex(encodeTerms(terms))).toBe(vectors.terms.boc)
    expect(channelAddress(terms).toRawString()).toBe(vectors.terms.channel)
  })

  it('give another address when any field changes', () => {
    const changes = [
      { globalId: -239 },
      { client: new Address(0, Buffer.alloc(32, 1)) },
      { provider: new Address(0, Buffer.alloc(32, 1)) },
      { clientKey: strangerKey.publicKey },
      { providerKey: strangerKey.publicKey },
      { closeDelay: 3_601 },
      { expiresAt: NOW_S },
      { salt: 8n },
    ]
    const all = [{}, ...changes].map((change) => channelAddress(makeTerms(change)).toRawString())
    expect(new Set(all).size).toBe(9)
  })

  it('are refused with any changed byte, or outside the limits', () => {
    const boc = fromHex(vectors.terms.boc)
    for (let at = 0; at < boc.length; at++) {
      const changed = boc.map((byte, index) => (index === at ? byte ^ 0x10 : byte))
      expect(
        codeOf(() => parseTerms(changed)),
        `byte ${at}`,
      ).toBe('CELL_MALFORMED')
    }
    const day = 86_400
    const refused = (change: object, globalId = -3) =>
      codeOf(() => checkTerms(makeTerms(change), globalId, NOW_S))
    expect(refused({})).toBe('nothing was thrown')
    expect(refused({}, -239)).toBe('TERMS_INVALID')
    expect(refused({ expiresAt: NOW_S })).toBe('TERMS_INVALID')
    expect(refused({ expiresAt: NOW_S + 400 * day + 1 })).toBe('TERMS_INVALID')
    expect(refused({ closeDelay: 7 * day + 1 })).toBe('TERMS_INVALID')
    const tooSlow = encodeTerms(makeTerms({ closeDelay: 7 * day + 1 }))
    expect(codeOf(() => parseTerms(tooSlow))).toBe('TERMS_INVALID')
  })
})

describe.each(vectors.valid)('a $kind cell', ({ kind, hash, boc, publicKey, signature }) => {
  const signed = { boc: fromHex(boc), signature: fromHex(signature) }
  const key = fromHex(publicKey)
  const reopen = REOPEN[kind]!

  it('opens, and is written again to the same bytes and hash', () => {
    const cell = reopen(signed, key)
    expect(toHex(encodeCell(cell))).toBe(boc)
    expect(cell.hash().toString('hex')).toBe(hash)
    expect(signed.boc.length).toBeLessThanOrEqual(CELL_BOC_BYTES_MAX)
  })

  it('is refused when any byte of it or of its signature changes', () => {
    for (let at = 0; at < signed.boc.length; at++) {
      for (const bit of [0x01, 0x80]) {
        const changed = signed.boc.map((byte, index) => (index === at ? byte ^ bit : byte))
        const code = codeOf(() => reopen({ ...signed, boc: changed }, key))
        expect(REFUSALS, `byte ${at}: ${code}`).toContain(code)
      }
    }
    for (let at = 0; at < signed.signature.length; at++) {
      const changed = signed.signature.map((byte, index) => (index === at ? byte ^ 0x04 : byte))
      const code = codeOf(() => reopen({ ...signed, signature: changed }, key))
      expect(code, `signature byte ${at}`).toBe('SIGNATURE_INVALID')
    }
  })

  it('is refused under another key and as any other kind', () => {
    expect(codeOf(() => reopen(signed, strangerKey.publicKey))).toBe('SIGNATURE_INVALID')
    for (const [other, openOther] of Object.entries(REOPEN)) {
      if (other !== kind)
        expect(
          codeOf(() => openOther(signed, key)),
          other,
        ).toBe('CELL_MALFORMED')
    }
  })
})

describe('a voucher that must be refused', () => {
  it.each(vectors.invalidVouchers)('$name', ({ code, boc, signature }) => {
    const signed = { boc: fromHex(boc), signature: fromHex(signature) }
    expect(codeOf(() => openVoucher(crypto, signed, clientKey.publicKey, channel))).toBe(code)
  })

  it('re-encoded with its checksum mended, one changed byte at a time', () => {
    const totals = { channel, amountNano: 5n, leafCount: 1, receiptsRoot: new Uint8Array(32) }
    const signed = signCell(crypto, clientKey, voucherCell(totals))
    for (const change of [
      { amountNano: 6n },
      { leafCount: 2 },
      { receiptsRoot: new Uint8Array(32).fill(1) },
    ]) {
      const boc = encodeCell(voucherCell({ ...totals, ...change }))
      const code = codeOf(() =>
        openVoucher(crypto, { ...signed, boc }, clientKey.publicKey, channel),
      )
      expect(code).toBe('SIGNATURE_INVALID')
    }
  })
})

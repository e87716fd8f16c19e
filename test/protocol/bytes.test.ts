import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, equal, fromHex, fromUtf8, tagged, toHex, utf8 } from '#protocol/bytes.ts'

const bytes = fc.uint8Array({ maxLength: 40 })

describe('bytes', () => {
  it('round-trips hexadecimal, and refuses what is none', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        expect(toHex(value)).toBe(Buffer.from(value).toString('hex'))
        expect(equal(fromHex(toHex(value)), value)).toBe(true)
      }),
    )
    for (const bad of ['0', '0g', ' 00', '0x']) expect(() => fromHex(bad)).toThrow(RangeError)
  })

  it('refuses bytes that are no UTF-8', () => {
    expect(fromUtf8(utf8('Zürich'))).toBe('Zürich')
    expect(() => fromUtf8(fromHex('c3'))).toThrow(TypeError)
  })

  it('never gives two different lists of fields the same preimage', () => {
    const fields = fc.array(bytes, { maxLength: 4 })
    fc.assert(
      fc.property(fields, fields, (one, other) => {
        const same =
          one.length === other.length && one.every((field, at) => equal(field, other[at]!))
        expect(equal(tagged('tag', ...one), tagged('tag', ...other))).toBe(same)
      }),
    )
    const whole = concat(utf8('a'), utf8('b'))
    expect(equal(tagged('tag', whole), tagged('tag', utf8('a'), utf8('b')))).toBe(false)
  })
})

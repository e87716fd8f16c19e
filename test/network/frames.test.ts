import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeFrame, FrameDecoder } from '#node/network/frames.ts'
import { concat } from '#protocol/bytes.ts'
import { SESSION_MESSAGE_BYTES_MAX } from '#protocol/constants.ts'

describe('frames', () => {
  it('gives the same messages however the bytes were cut', () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 8 })
    fc.assert(
      fc.property(messages, fc.array(fc.integer({ min: 1, max: 300 })), (sent, cuts) => {
        const bytes = concat(...sent.map(encodeFrame))
        const decoder = new FrameDecoder()
        const got: Uint8Array[] = []
        let at = 0
        for (const size of [...cuts, bytes.length]) {
          got.push(...decoder.push(bytes.subarray(at, at + size)))
          at += size
        }
        expect(got).toEqual(sent)
        expect(decoder.isComplete).toBe(true)
      }),
    )
  })

  it('knows a message that is not whole', () => {
    const decoder = new FrameDecoder()
    expect(decoder.push(encodeFrame(new Uint8Array(10)).subarray(0, 5))).toEqual([])
    expect(decoder.isComplete).toBe(false)
    const prefixOnly = new FrameDecoder()
    prefixOnly.push(Uint8Array.of(0x80))
    expect(prefixOnly.isComplete).toBe(false)
  })

  it('keeps copies: a reused receive buffer changes nothing', () => {
    const socket = Buffer.from(encodeFrame(Uint8Array.of(1, 2, 3)))
    const [message] = new FrameDecoder().push(socket)
    socket.fill(0)
    expect(message).toEqual(Uint8Array.of(1, 2, 3))
  })

  it('refuses a length beyond the limit before any of the message came', () => {
    const at = (length: number) =>
      Uint8Array.of((length & 0x7f) | 0x80, ((length >> 7) & 0x7f) | 0x80, length >> 14)
    expect(new FrameDecoder().push(at(SESSION_MESSAGE_BYTES_MAX))).toEqual([])
    for (const prefix of [
      at(SESSION_MESSAGE_BYTES_MAX + 1),
      Uint8Array.of(0xff, 0xff, 0xff, 0x01),
    ]) {
      expect(() => new FrameDecoder().push(prefix)).toThrow(
        expect.objectContaining({ code: 'MESSAGE_TOO_LARGE' }),
      )
    }
  })
})

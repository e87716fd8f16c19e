import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { equal } from '#protocol/bytes.ts'
import { SEAL_BUCKETS_BYTES, SESSION_REQUEST_IDS_MAX } from '#protocol/constants.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { pad, SEAL_PLAINTEXT_BYTES_MAX, unpad } from '#protocol/session/padding.ts'
import {
  EncapsulationGuard,
  generateSealingKey,
  parseSealSuite,
  SEAL_SUITES,
  type SealSuite,
  sealInfo,
  sealOpenReceiver,
  sealOpenSender,
} from '#protocol/session/seal.ts'
import { FrameType } from '#protocol/wire/gen/cocoon_pb.ts'
import { errorCode, rejectionCode } from '#test/support/error-code.ts'

const { CONTROL, REQUEST } = FrameType
const info = new Uint8Array(32).fill(3)
const id = new Uint8Array(16).fill(9)
const X25519 = SEAL_SUITES[1]

async function connect(suite: SealSuite = X25519) {
  const key = await generateSealingKey(suite)
  const guard = new EncapsulationGuard()
  const { enc, secrets: client } = await sealOpenSender(suite, key.publicKey, info)
  const { secrets: provider } = await sealOpenReceiver(key, enc, info, guard)
  return { key, guard, enc, client, provider }
}

async function streams(suite: SealSuite = X25519) {
  const { client, provider } = await connect(suite)
  return {
    out: client.stream(id, 'client-to-provider'),
    into: provider.stream(id, 'client-to-provider'),
  }
}

describe('sealed exchange', () => {
  it.each(SEAL_SUITES)('carries frames both ways over %s', async (suite) => {
    const { client, provider } = await connect(suite)
    const question = new Uint8Array([1, 2, 3])
    const asked = await client.stream(id, 'client-to-provider').seal(REQUEST, true, question)
    const heard = provider.stream(id, 'client-to-provider')
    expect(await heard.open(0, REQUEST, true, asked.ciphertext)).toEqual(question)
    const answered = await provider.stream(id, 'provider-to-client').seal(REQUEST, true, question)
    const back = client.stream(id, 'provider-to-client')
    expect(await back.open(0, REQUEST, true, answered.ciphertext)).toEqual(question)
    expect(equal(asked.ciphertext, answered.ciphertext)).toBe(false)
  })

  it('gives nothing to another info, another key, or a changed encapsulation', async () => {
    const { key, enc, client } = await connect()
    const { ciphertext } = await client.stream(id, 'client-to-provider').seal(REQUEST, false, id)
    const other = await generateSealingKey(X25519)
    const changed = enc.with(0, (enc[0] ?? 0) ^ 1)
    for (const [useKey, useEnc, useInfo] of [
      [key, enc, info.with(0, 0)],
      [other, enc, info],
      [key, changed, info],
    ] as const) {
      const opened = await sealOpenReceiver(useKey, useEnc, useInfo, new EncapsulationGuard())
      const stream = opened.secrets.stream(id, 'client-to-provider')
      expect(await rejectionCode(stream.open(0, REQUEST, false, ciphertext))).toBe('SEAL_TAMPERED')
    }
  })

  it('takes an encapsulation once, and none when the guard is full', async () => {
    const { key, guard, enc } = await connect()
    expect(await rejectionCode(sealOpenReceiver(key, enc, info, guard))).toBe('SEAL_REPLAYED')
    const small = new EncapsulationGuard(1)
    small.admit(enc)
    const fresh = await sealOpenSender(X25519, key.publicKey, info)
    expect(await rejectionCode(sealOpenReceiver(key, fresh.enc, info, small))).toBe(
      'SEAL_GUARD_FULL',
    )
  })

  it('refuses keys, encapsulations and suites that are none', async () => {
    const { key, guard } = await connect()
    const zeros = new Uint8Array(32)
    expect(await rejectionCode(sealOpenSender(X25519, zeros, info))).toBe('SEAL_KEY_INVALID')
    expect(await rejectionCode(sealOpenSender(SEAL_SUITES[0], key.publicKey, info))).toBe(
      'SEAL_KEY_INVALID',
    )
    expect(await rejectionCode(sealOpenReceiver(key, zeros, info, guard))).toBe('SEAL_ENC_INVALID')
    expect(await rejectionCode(sealOpenReceiver(key, id, info, guard))).toBe('SEAL_ENC_INVALID')
    expect(errorCode(() => parseSealSuite('ROT13'))).toBe('SEAL_SUITE_UNKNOWN')
    expect(parseSealSuite(X25519)).toBe(X25519)
  })

  it('binds the statement, the quote and both nonces into info', () => {
    const fields = { statement: id, quote: id, clientNonce: info, providerChallenge: info }
    const base = sealInfo(nodeCrypto, fields)
    for (const name of Object.keys(fields) as (keyof typeof fields)[]) {
      const changed = { ...fields, [name]: fields[name].with(0, 77) }
      expect(equal(sealInfo(nodeCrypto, changed), base)).toBe(false)
    }
  })
})

describe('sealed stream', () => {
  it('opens exactly what was sealed, in any number of frames', async () => {
    const plaintexts = fc.array(fc.uint8Array({ maxLength: 3_000 }), { minLength: 1, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(plaintexts, async (messages) => {
        const { out, into } = await streams()
        // Sealing concurrently: sequences are taken in the order of the calls.
        const frames = await Promise.all(
          messages.map((message, at) => out.seal(REQUEST, at === messages.length - 1, message)),
        )
        for (const [at, { sequence, ciphertext }] of frames.entries()) {
          expect(sequence).toBe(at)
          const final = at === messages.length - 1
          expect(await into.open(sequence, REQUEST, final, ciphertext)).toEqual(messages[at])
        }
        expect(await rejectionCode(out.seal(REQUEST, false, id))).toBe('SEAL_ENDED')
        const { ciphertext } = frames[0]!
        expect(await rejectionCode(into.open(frames.length, REQUEST, false, ciphertext))).toBe(
          'SEAL_ENDED',
        )
      }),
      { numRuns: 20 },
    )
  })

  it.each<[string, string, (c: Uint8Array) => [number, FrameType, boolean, Uint8Array]]>([
    ['another sequence', 'SEAL_SEQUENCE', (c) => [1, REQUEST, false, c]],
    ['another type', 'SEAL_TAMPERED', (c) => [0, CONTROL, false, c]],
    ['another end', 'SEAL_TAMPERED', (c) => [0, REQUEST, true, c]],
    ['a changed byte', 'SEAL_TAMPERED', (c) => [0, REQUEST, false, c.with(5, c[5]! ^ 1)]],
    ['a changed tag', 'SEAL_TAMPERED', (c) => [0, REQUEST, false, c.with(-1, c.at(-1)! ^ 1)]],
    ['a cut frame', 'SEAL_SIZE', (c) => [0, REQUEST, false, c.subarray(1)]],
    ['an empty frame', 'SEAL_SIZE', () => [0, REQUEST, false, new Uint8Array(0)]],
  ])('refuses %s, and everything after it', async (_, code, change) => {
    const { out, into } = await streams()
    const first = await out.seal(REQUEST, false, id)
    const second = await out.seal(REQUEST, false, id)
    expect(await rejectionCode(into.open(...change(first.ciphertext)))).toBe(code)
    expect(await rejectionCode(into.open(0, REQUEST, false, first.ciphertext))).toBe('SEAL_ENDED')
    expect(await rejectionCode(into.open(1, REQUEST, false, second.ciphertext))).toBe('SEAL_ENDED')
  })

  it('refuses a frame of another request id, direction or session', async () => {
    const one = await connect()
    const other = await connect()
    const { ciphertext } = await one.client
      .stream(id, 'client-to-provider')
      .seal(REQUEST, false, id)
    const strangers = [
      one.provider.stream(id.with(0, 1), 'client-to-provider'),
      other.provider.stream(id, 'client-to-provider'),
      one.client.stream(id, 'provider-to-client'),
    ]
    for (const stream of strangers) {
      expect(await rejectionCode(stream.open(0, REQUEST, false, ciphertext))).toBe('SEAL_TAMPERED')
    }
  })

  it('uses an id once per direction, 16 bytes long, so many times and no more', async () => {
    const { client } = await connect()
    client.stream(id, 'client-to-provider')
    client.stream(id, 'provider-to-client')
    expect(errorCode(() => client.stream(id, 'client-to-provider'))).toBe('SEAL_ID_REUSED')
    expect(errorCode(() => client.stream(info, 'client-to-provider'))).toBe('SEAL_ID_LENGTH')
    const numbered = new DataView(new ArrayBuffer(16))
    for (let at = 1; at < 2 * SESSION_REQUEST_IDS_MAX - 1; at++) {
      numbered.setUint32(0, at)
      client.stream(new Uint8Array(numbered.buffer), 'client-to-provider')
    }
    numbered.setUint32(0, 0)
    const last = () => client.stream(new Uint8Array(numbered.buffer), 'client-to-provider')
    expect(errorCode(last)).toBe('SEAL_EXHAUSTED')
  })

  it('seals in its own direction only, so that no key counts twice', async () => {
    const { out, into } = await streams()
    expect(await rejectionCode(into.seal(REQUEST, false, id))).toBe('SEAL_DIRECTION')
    const { ciphertext } = await out.seal(REQUEST, false, id)
    expect(await rejectionCode(out.open(0, REQUEST, false, ciphertext))).toBe('SEAL_DIRECTION')
    expect(await into.open(0, REQUEST, false, ciphertext)).toEqual(id)
  })
})

describe('padding', () => {
  it('has one form per plaintext, of one of a few sizes', () => {
    const sizes = [0, 1, 124, 125, 508, 509, 100_000, SEAL_PLAINTEXT_BYTES_MAX]
    for (const size of sizes) {
      const padded = pad(new Uint8Array(size).fill(7))
      expect(SEAL_BUCKETS_BYTES).toContain(padded.length)
      expect(unpad(padded)).toEqual(new Uint8Array(size).fill(7))
      const inLargerBucket = new Uint8Array(padded.length * 4)
      inLargerBucket.set(padded)
      expect(errorCode(() => unpad(inLargerBucket))).toBe('SEAL_PADDING')
    }
    expect(errorCode(() => pad(new Uint8Array(SEAL_PLAINTEXT_BYTES_MAX + 1)))).toBe(
      'SEAL_TOO_LARGE',
    )
  })

  it('refuses padding that is not zero, and lengths that lie', () => {
    const padded = pad(Uint8Array.of(1, 2))
    for (const [at, value] of [
      [127, 1],
      [6, 1],
      [3, 200],
      [0, 255],
    ] as const) {
      expect(errorCode(() => unpad(padded.with(at, value)))).toBe('SEAL_PADDING')
    }
    expect(errorCode(() => unpad(new Uint8Array(3)))).toBe('SEAL_PADDING')
  })
})

it('a stream that rests makes its key again, at the same place', async () => {
  const { out, into } = await streams()
  const texts = [1, 2, 3].map((byte) => new Uint8Array(byte).fill(byte))
  for (const [sequence, text] of texts.entries()) {
    const final = sequence === 2
    const { ciphertext } = await out.seal(REQUEST, final, text)
    expect(await into.open(sequence, REQUEST, final, ciphertext)).toEqual(text)
    out.rest()
    into.rest()
  }
  expect(await rejectionCode(out.seal(REQUEST, false, id))).toBe('SEAL_ENDED')
})

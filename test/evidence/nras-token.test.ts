/** NVIDIA's second opinion: SIMULATED tokens in the real shape, and what makes one not count. */
import { generateKeyPair } from 'jose'
import { describe, expect, it } from 'vitest'
import { verifyNrasAnswer } from '#node/evidence/nras-token.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { rejectionCode } from '#test/support/error-code.ts'
import { NRAS_KEYS, type NrasChanges, nrasAnswer } from '#test/support/nras-service.ts'

const nowMs = Date.UTC(2026, 10, 22, 12)
const nonce = new Uint8Array(32).fill(7)
const stranger = await generateKeyPair('ES384')
const context = { crypto, nowMs, keys: NRAS_KEYS, nonce }

const answer = (changes: NrasChanges = {}) => nrasAnswer(nonce, nowMs, changes)

const unsigned = (token: string): string => {
  const header = Buffer.from('{"alg":"none"}').toString('base64url')
  return `${header}.${token.split('.')[1]}.`
}

describe("NVIDIA's second opinion", () => {
  it('counts when both tokens are signed, fresh and good', async () => {
    expect(await verifyNrasAnswer(await answer(), context)).toEqual([
      {
        device: 'GPU-0',
        hardwareModel: 'GH100 A01 GSP BROM',
        driver: '550.90.07',
        vbios: '96.00.9F.00.01',
      },
    ])
  })

  it.each([
    ['signed by a stranger', { key: stranger.privateKey }],
    ['not signed at all', { token: unsigned }],
    ['of another issuer', { issuer: 'https://example.org' }],
    ['expired', { expiresMs: nowMs - 120_000 }],
    ['over another nonce', { overall: { eat_nonce: '00'.repeat(32) } }],
    ['over another nonce in the device', { device: { eat_nonce: '00'.repeat(32) } }],
    ['negative', { overall: { 'x-nvidia-overall-att-result': false } }],
    ['about another device token', { digest: '00'.repeat(32) }],
    ['about a device with other measurements', { device: { measres: 'fail' } }],
    ['about a device without secure boot', { device: { secboot: false } }],
    ['about a device that can be debugged', { device: { dbgstat: 'enabled' } }],
    ['about more devices than it carries', { overall: { submods: {} } }],
  ] satisfies [string, NrasChanges][])('does not count when it is %s', async (_name, changes) => {
    const given = await answer(changes)
    expect(await rejectionCode(verifyNrasAnswer(given, context))).toBe('NRAS_REFUSED')
  })

  it.each([
    undefined,
    [],
    [['JWT', 'x']],
    [['JWT', 'x'], { 'GPU-0': 'y' }],
    [['JWS', 'x'], {}],
    'text',
  ])('does not count when it is %j', async (given) => {
    expect(await rejectionCode(verifyNrasAnswer(given, context))).toBe('NRAS_REFUSED')
  })
})

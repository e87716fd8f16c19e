/**
 * A client that lies, message by message: each lie is refused with its code, nothing is produced that was
 * not paid for, and the provider is left with no session, no busy slot and no stored channel of a stranger.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { decodeStatement } from '#attestation/statement.ts'
import { ClientDesk } from '#node/roles/client/channel-desk.ts'
import { CONTROL_REQUEST_ID } from '#node/roles/shared/sealed-link.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { decodeReceiptBody } from '#protocol/receipt.ts'
import { decodeSessionMessage, encodeSessionMessage } from '#protocol/session/frames.ts'
import type { ProviderContent } from '#protocol/session/provider-content.ts'
import { unitsCostNano } from '#protocol/session/units.ts'
import type { MessageStream } from '#protocol/transport.ts'
import type { ChannelTerms } from '#settlement/types.ts'
import { eventually } from '../support/eventually.ts'
import { Attacker, type AttackOptions, askOf } from '../support/role-attacker.ts'
import { keyOf, type RoleNetwork, startRoleNetwork } from '../support/role-harness.ts'
import { PRICES, TestClient, TestProvider } from '../support/role-peers.ts'
import { garbageFrame } from '../support/role-tamper.ts'

let network: RoleNetwork
let provider: TestProvider
let client: TestClient

beforeAll(async () => {
  network = await startRoleNetwork()
  provider = await TestProvider.start(network, 'victim')
  client = await TestClient.start(network, 'attacker', [provider])
})
afterAll(async () => {
  await client.stop()
  await provider.stop()
  await network.stop()
})
beforeEach(() => {
  provider.events.length = 0
})
/** Whatever was done to it, the provider is idle afterwards, and serves an honest client. */
afterEach(async () => {
  for (const attacker of attackers.splice(0)) attacker.abort()
  await eventually(() => provider.sessions === 0)
  await eventually(() => provider.engine.load().active === 0)
  expect(provider.engine.load().queued).toBe(0)
  expect(provider.codes).not.toContain('INTERNAL')
})

/** A funded channel of its own for every attack that needs one. */
async function fundedDesk(): Promise<ClientDesk> {
  const { evidence } = await provider.enclave.epoch()
  const { core } = decodeStatement(evidence.statement)
  const fresh = await TestClient.start(network, `purse-${crypto.randomBytes(4).join('-')}`, [])
  const desk = await fresh.funding.channelFor(core)
  purses.push(fresh)
  return desk
}
const purses: TestClient[] = []
afterAll(async () => {
  for (const purse of purses) await purse.stop()
})

const attackers: Attacker[] = []
async function attack(desk: ClientDesk, options?: AttackOptions): Promise<Attacker> {
  const attacker = await Attacker.open(client, provider, desk, options)
  attackers.push(attacker)
  return attacker
}

/** A desk whose channel nobody funded. */
async function unfundedDesk(change: Partial<ChannelTerms> = {}): Promise<ClientDesk> {
  const wallet = await network.wallet('provider victim')
  return ClientDesk.create(
    { crypto, clock: network.clock, store: client.store },
    {
      globalId: network.file.globalId,
      client: (await network.wallet('client attacker')).address,
      provider: wallet.address,
      providerKey: provider.settlementKey.publicKey,
      closeDelay: network.file.closeDelay,
      expiresAt: Math.floor(network.clock.nowMs() / 1000) + 86_400,
      ...change,
    },
  )
}

async function plainRefusal(stream: MessageStream): Promise<string | undefined> {
  const bytes = await stream.receive()
  const message = bytes === undefined ? undefined : decodeSessionMessage(bytes)
  return message?.kind === 'refusal' ? message.refusal.code : message?.kind
}

describe('before the seal', () => {
  test.each([
    ['garbage', new Uint8Array(200).fill(0xee), 'FRAME_MALFORMED'],
    ['nothing', new Uint8Array(0), 'FRAME_MALFORMED'],
    [
      'a frame before any hello',
      encodeSessionMessage({ kind: 'frame', frame: garbageFrame(new Uint8Array(16), 0) }),
      'SESSION_OUT_OF_ORDER',
    ],
    [
      'an encapsulation before any hello',
      encodeSessionMessage({ kind: 'seal-open', enc: new Uint8Array(1_120) }),
      'SESSION_OUT_OF_ORDER',
    ],
  ])('%s', async (_, bytes, code) => {
    const stream = await Attacker.dial(client, provider)
    await stream.send(bytes)
    expect(await plainRefusal(stream)).toBe(code)
  })

  test.each([
    ['another model', { modelRoot: new Uint8Array(32) }, 'MODEL_NOT_SERVED'],
    ['a version that nobody speaks', { versions: [9] }, 'VERSION_UNSUPPORTED'],
    ['versions out of order', { versions: [1, 2] }, 'VERSION_OFFER_MALFORMED'],
  ])('a hello for %s', async (_, options, code) => {
    await expect(attack(await unfundedDesk(), options)).rejects.toMatchObject({ code })
  })

  test('an encapsulation of an earlier session', async () => {
    const desk = await fundedDesk()
    const first = await attack(desk)
    await first.accepted()
    const second = await attack(desk, { enc: first.enc })
    expect(await plainRefusal(second.stream)).toBe('SEAL_REPLAYED')
    first.abort()
  })

  test('a client that leaves at every step of the handshake', async () => {
    const stream = await Attacker.dial(client, provider)
    await stream.close()
    await eventually(() => provider.sessions === 0)
    const desk = await unfundedDesk()
    const other = await attack(desk)
    other.abort()
  })
})

describe('the channel', () => {
  test('the wrong session key, before anything is looked up', async () => {
    const desk = await fundedDesk()
    const attacker = await attack(desk, { signer: keyOf('stranger') })
    expect(await attacker.refusal()).toBe('TRANSCRIPT_INVALID')
  })

  test("somebody else's channel with one's own key", async () => {
    const [mine, theirs] = [await fundedDesk(), await fundedDesk()]
    const { termsBoc } = theirs.opening()
    const attacker = await attack(mine, {
      channel: theirs.address,
      open: (open) => ({ ...open, channel: theirs.address, termsBoc }),
    })
    expect(await attacker.refusal()).toBe('TRANSCRIPT_INVALID')
  })

  test('a channel that is not on the chain is refused and not stored', async () => {
    const stored = provider.channels.all().length
    const attacker = await attack(await unfundedDesk())
    expect(await attacker.refusal()).toBe('CHANNEL_NOT_FUNDED')
    expect(provider.channels.all()).toHaveLength(stored)
    await provider.restart()
    expect(provider.channels.all()).toHaveLength(stored)
  })

  test.each<[string, string, () => Partial<ChannelTerms>]>([
    ['another provider', 'TERMS_REFUSED', () => ({ providerKey: keyOf('other').publicKey })],
    ['a short close delay', 'TERMS_REFUSED', () => ({ closeDelay: 1 })],
    [
      'a life that ends now',
      'TERMS_REFUSED',
      () => ({ expiresAt: Math.floor(network.clock.nowMs() / 1000) + 60 }),
    ],
    ['a life that is over', 'TERMS_INVALID', () => ({ expiresAt: 1_000_000_000 })],
    ['another network', 'TERMS_INVALID', () => ({ globalId: -239 })],
  ])('terms with %s', async (_, code, change) => {
    const attacker = await attack(await unfundedDesk(change()))
    expect(await attacker.refusal()).toBe(code)
  })

  test('a tree with more leaves than the provider signed freezes only this channel', async () => {
    const desk = await fundedDesk()
    const attacker = await attack(desk, {
      open: (open) => ({ ...open, leafCount: 1, peaks: [new Uint8Array(32).fill(3)] }),
    })
    expect(await attacker.refusal()).toBe('CHANNEL_DISPUTED')
  })
})

/** A request with one chunk paid, up to its first checkpoint. */
async function paidRequest(desk: ClientDesk) {
  const attacker = await attack(desk)
  await attacker.accepted()
  const requestId = crypto.randomBytes(16)
  const nano = unitsCostNano(PRICES, askOf(provider).promptTokens, 0, 16)
  await attacker.send(requestId, { kind: 'ask', ask: askOf(provider) })
  return { attacker, requestId, nano }
}

describe('vouchers', () => {
  test.each<[string, string, (attacker: Attacker) => Parameters<Attacker['voucher']>[0]]>([
    ['above the deposit', 'VOUCHER_ABOVE_DEPOSIT', () => ({ amountNano: 10n ** 15n })],
    ['of another channel', 'CHANNEL_MISMATCH', () => ({ channel: keyAddress() })],
    [
      'with a wrong root',
      'VOUCHER_ROOT',
      () => ({ amountNano: 500n, receiptsRoot: new Uint8Array(32).fill(1) }),
    ],
    [
      'that counts leaves nobody signed',
      'VOUCHER_ROOT',
      () => ({ amountNano: 500n, leafCount: 3 }),
    ],
    ['of nothing', 'VOUCHER_NOT_NEWER', () => ({ amountNano: 0n })],
  ])('a voucher %s', async (_, code, change) => {
    const { attacker, requestId, nano } = await paidRequest(await fundedDesk())
    await attacker.allocate(requestId, nano, attacker.voucher(change(attacker)))
    const said: ProviderContent[] = []
    expect(await attacker.refusal(said)).toBe(code)
    expect(producedIn(said)).toBe(0)
  })

  test('a voucher signed by another key', async () => {
    const { attacker, requestId, nano } = await paidRequest(await fundedDesk())
    const voucher = attacker.voucher({ amountNano: nano }, keyOf('stranger'))
    await attacker.allocate(requestId, nano, voucher)
    const said: ProviderContent[] = []
    expect(await attacker.refusal(said)).toBe('SIGNATURE_INVALID')
    expect(producedIn(said)).toBe(0)
  })

  test('a lower voucher after a higher one', async () => {
    const { attacker, requestId, nano } = await paidRequest(await fundedDesk())
    await attacker.allocate(requestId, nano, attacker.voucher({ amountNano: nano }))
    await attacker.allocate(requestId, nano, attacker.voucher({ amountNano: nano - 1n }))
    expect(await attacker.refusal()).toBe('VOUCHER_NOT_NEWER')
  })

  test('an allocation that no voucher covers', async () => {
    const { attacker, requestId, nano } = await paidRequest(await fundedDesk())
    await attacker.allocate(requestId, nano)
    const said: ProviderContent[] = []
    expect(await attacker.refusal(said)).toBe('CREDIT_EXCEEDED')
    expect(producedIn(said)).toBe(0)
  })

  test('one voucher for two requests', async () => {
    const { attacker, requestId, nano } = await paidRequest(await fundedDesk())
    await attacker.allocate(requestId, nano, attacker.voucher({ amountNano: nano }))
    const other = crypto.randomBytes(16)
    await attacker.send(other, { kind: 'ask', ask: askOf(provider) })
    await attacker.allocate(other, nano)
    expect(await attacker.refusal()).toBe('CREDIT_EXCEEDED')
  })
})

function keyAddress() {
  const { address } = purses[0]?.desk.state ?? {}
  if (address === undefined) throw new Error('no other channel')
  return address
}

/** Prompt and completion units that a provider delivered. */
function producedIn(said: readonly ProviderContent[]): number {
  const tokens = said.flatMap((one) => (one.kind === 'tokens' ? [one.tokens] : []))
  const ids = tokens.reduce((sum, one) => sum + one.ids.length, 0)
  return ids + Math.max(0, ...tokens.map((one) => one.promptTokensDone))
}

describe('asks', () => {
  test('an ask that is never paid: a checkpoint of zero, no work, not even in the engine', async () => {
    const calls = provider.engine.callsTotal()
    const { attacker, requestId } = await paidRequest(await fundedDesk())
    const { content } = await attacker.next()
    if (content.kind !== 'checkpoint') throw new Error(`${content.kind} instead of a checkpoint`)
    const body = decodeReceiptBody(content.receipt.body)
    expect([body.promptTokens, body.completionTokens, body.usedNano]).toEqual([0, 0, 0n])
    await attacker.send(requestId, { kind: 'cancel', requestId })
    const { content: end } = await attacker.next()
    if (end.kind !== 'leaf') throw new Error(`${end.kind} instead of a leaf`)
    expect(decodeReceiptBody(end.receipt.body).usedNano).toBe(0n)
    expect(provider.engine.callsTotal()).toBe(calls)
    attacker.abort()
  })

  test('one chunk paid: never more than it covers', async () => {
    const { attacker, requestId, nano } = await paidRequest(await fundedDesk())
    await attacker.allocate(requestId, nano, attacker.voucher({ amountNano: nano }))
    const said: ProviderContent[] = []
    while (producedIn(said) < 16) said.push((await attacker.next()).content)
    await attacker.send(requestId, { kind: 'cancel', requestId })
    while (said.at(-1)?.kind !== 'leaf') said.push((await attacker.next()).content)
    expect(
      unitsCostNano(PRICES, askOf(provider).promptTokens, 0, producedIn(said)),
    ).toBeLessThanOrEqual(nano)
    attacker.abort()
  })

  test('a ninth request at once', async () => {
    const { attacker } = await paidRequest(await fundedDesk())
    for (let more = 0; more < 8; more++) {
      await attacker.send(crypto.randomBytes(16), { kind: 'ask', ask: askOf(provider) })
    }
    expect(await attacker.refusal()).toBe('SESSION_TOO_MANY_REQUESTS')
  })

  test.each([-1, 1])('a prompt count that is off by %i', async (off) => {
    const attacker = await attack(await fundedDesk())
    await attacker.accepted()
    const { promptTokens } = askOf(provider)
    const ask = askOf(provider, { promptTokens: promptTokens + off })
    await attacker.send(crypto.randomBytes(16), { kind: 'ask', ask })
    expect(await attacker.refusal()).toBe('PROMPT_COUNT')
  })

  test('a request id that was used before in the session', async () => {
    const { attacker, requestId } = await paidRequest(await fundedDesk())
    await attacker.send(requestId, { kind: 'cancel', requestId })
    while ((await attacker.next()).content.kind !== 'leaf');
    await attacker.send(requestId, { kind: 'ask', ask: askOf(provider) })
    expect(await attacker.refusal()).toBe('REQUEST_ID_INVALID')
  })

  test.each<[string, string, Uint8Array]>([
    ['that is no document', 'ASK_MALFORMED', new Uint8Array(40).fill(0x7b)],
    ['that is empty', 'FRAME_MALFORMED', new Uint8Array(0)],
  ])('an ask %s', async (_, code, body) => {
    const attacker = await attack(await fundedDesk())
    await attacker.accepted()
    await attacker.send(crypto.randomBytes(16), { kind: 'ask', ask: askOf(provider, { body }) })
    expect(await attacker.refusal()).toBe(code)
  })

  test('sealed garbage, an ask on the control stream, a close on a request', async () => {
    const desk = await fundedDesk()
    const lies = [
      [crypto.randomBytes(16), new Uint8Array(90).fill(0xff), 'FRAME_MALFORMED'],
      [CONTROL_REQUEST_ID, { kind: 'ask', ask: askOf(provider) }, 'SESSION_OUT_OF_ORDER'],
      [crypto.randomBytes(16), { kind: 'close-request' }, 'SESSION_OUT_OF_ORDER'],
    ] as const
    for (const [requestId, content, code] of lies) {
      const attacker = await attack(desk)
      await attacker.accepted()
      await attacker.send(requestId, content)
      expect(await attacker.refusal()).toBe(code)
    }
  })

  test.each([
    ['out of sequence', 7, 144, 'SEAL_SEQUENCE'],
    ['changed', 0, 144, 'SEAL_TAMPERED'],
    ['of a wrong size', 0, 145, 'SEAL_SIZE'],
    ['longer than any', 0, 600_000, 'FRAME_MALFORMED'],
  ])('a frame %s', async (_, sequence, length, code) => {
    const attacker = await attack(await fundedDesk())
    await attacker.accepted()
    const frame = {
      ...garbageFrame(crypto.randomBytes(16), sequence),
      ciphertext: new Uint8Array(length),
    }
    await attacker.stream.send(encodeSessionMessage({ kind: 'frame', frame }))
    expect(await attacker.refusal()).toBe(code)
  })
})

test('fifty sessions abandoned in the middle of an answer leave nothing behind', async () => {
  const desk = await fundedDesk()
  for (let session = 0; session < 50; session++) {
    const attacker = await attack(desk, {
      open: (open) => ({ ...open, bestVoucher: undefined, leafCount: 0, peaks: [] }),
    })
    await attacker.accepted()
    const requestId = crypto.randomBytes(16)
    await attacker.send(requestId, { kind: 'ask', ask: askOf(provider) })
    await attacker.next()
    attacker.abort()
  }
  await eventually(() => provider.sessions === 0 && provider.engine.load().active === 0)
  const honest = await TestClient.start(network, 'after-the-storm', [provider])
  const { usage } = await honest.chat()
  expect(usage.completionTokens).toBeGreaterThan(0)
  await honest.stop()
})

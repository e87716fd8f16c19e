/** Peers, clocks and networks that misbehave: what the attacks in test/e2e leave out. README.md has the table. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { usedTotalNano } from '#settlement/channel/state.ts'
import { eventually } from '../support/eventually.ts'
import { FIRST_CONTACT } from '../support/fault-clients.ts'
import { MovableClock } from '../support/market-peers.ts'
import { type RoleNetwork, startRoleNetwork } from '../support/role-harness.ts'
import { PRICES, type StreamWrapper, TestClient, TestProvider } from '../support/role-peers.ts'
import { slowness } from '../support/slowness.ts'

let network: RoleNetwork
beforeAll(async () => {
  network = await startRoleNetwork()
})
afterAll(() => network.stop())

const CHEAP = { ...PRICES, completionNanoPerMtok: PRICES.completionNanoPerMtok / 2n }

describe('the table', () => {
  const root = path.resolve(import.meta.dirname, '../..')
  const rows = readFileSync(path.join(import.meta.dirname, 'README.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| ') && line.includes('`test/'))
    .map((line) => /^\| (.+) \| `(test\/[^`]+)` \| (.+) \|$/.exec(line)?.slice(1) ?? [])

  test('names a test for every fault, and each of them is there', () => {
    expect(rows.length).toBeGreaterThan(35)
    const missing = rows.filter(([, file = 'none', title = '?']) => {
      const full = path.join(root, file)
      return !existsSync(full) || !readFileSync(full, 'utf8').includes(title)
    })
    expect(missing).toEqual([])
  })
})

test('a provider that lies about its load: busy all the same, and the next one answers', async () => {
  const liar = await TestProvider.start(network, 'claims to be free', { prices: CHEAP })
  const honest = await TestProvider.start(network, 'is free')
  const client = await TestClient.start(network, 'believes offers', [liar, honest])
  const others = await Promise.all(
    Array.from({ length: FIRST_CONTACT.sessions }, () => FIRST_CONTACT.dial(client, liar)),
  )
  await eventually(() => liar.sessions === FIRST_CONTACT.sessions)
  const offer = liar.offer()
  expect(offer.slotsFree).toBe(offer.slotsTotal)
  const { provider, usage } = await client.chat()
  expect(provider).toBe(honest.identity)
  expect(usage.completionTokens).toBe(40)
  for (const stream of others) stream.abort(new Error('gone'))
  await client.stop()
  await liar.stop()
  await honest.stop()
})

test('a client that opens and abandons 1,000 sessions leaves nothing behind', async () => {
  const provider = await TestProvider.start(network, 'abandoned')
  const client = await TestClient.start(network, 'abandons', [provider])
  const folderBefore = provider.store.loadChannels().length
  let refused = 0
  for (let opened = 0; opened < 1_000; opened += FIRST_CONTACT.sessions) {
    const streams = await Promise.all(
      Array.from({ length: FIRST_CONTACT.sessions }, () => FIRST_CONTACT.dial(client, provider)),
    )
    // Every fifth handful goes on to the evidence, which costs the provider a quote.
    if (opened % (5 * FIRST_CONTACT.sessions) === 0) {
      const hellos = streams.map((stream) => FIRST_CONTACT.hello(stream, network))
      await Promise.all(hellos).catch(() => refused++)
    }
    for (const stream of streams) stream.abort(new Error('bored'))
    await eventually(() => provider.sessions === 0)
  }
  await eventually(() => provider.sessions === 0)
  expect(refused).toBe(0)
  expect(provider.engine.load()).toMatchObject({ active: 0, queued: 0 })
  expect(provider.store.loadChannels().length).toBe(folderBefore)
  expect((await client.chat()).usage.completionTokens).toBe(40)
  await client.stop()
  await provider.stop()
})

describe('clocks', () => {
  const SET_BACK_MS = 600_000

  /** A peer whose clock is its own; the chain and everybody else keep theirs. */
  const withOwnClock = () => {
    const clock = new MovableClock()
    clock.aheadMs = network.clock.aheadMs
    return { ...network, clock }
  }

  test.each([
    ['forward', 3 * 3_600_000],
    ['back', -3 * 3_600_000],
  ])(
    'a clock that jumps %s in the middle of an answer and between answers',
    async (way, jumpMs) => {
      const provider = await TestProvider.start(network, `serves a clock that jumps ${way}`)
      const own = withOwnClock()
      const client = await TestClient.start(own, `jumps ${way}`, [provider])
      const usual = own.clock.aheadMs
      let tokens = 0
      try {
        for await (const event of client.chatEvents({ maxTokens: 60 })) {
          if (event.kind !== 'text') continue
          tokens += event.tokens
          own.clock.aheadMs = usual + jumpMs
        }
      } catch (error) {
        expect(error).toMatchObject({ code: 'NO_PROVIDER' })
      }
      expect(tokens).toBeGreaterThan(0)
      client.forgive()
      // With a clock that is hours off it either works or says why; with the right one it works.
      await client.chat().catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'NO_PROVIDER' })
      })
      own.clock.aheadMs = usual
      client.forgive()
      expect((await client.chat()).usage.completionTokens).toBe(40)
      expect(client.desk.state.status).toBe('open')
      const [settled] = await client.settle()
      expect(settled?.claimedNano).toBe(usedTotalNano(client.desk.state))
      await client.stop()
      await provider.stop()
    },
  )

  test.each([
    ['forward', 3 * 3_600_000],
    ['back', -3 * 3_600_000],
  ])(
    'a provider whose clock jumps %s serves or refuses typed, and serves with the right one',
    async (way, jumpMs) => {
      const own = withOwnClock()
      const provider = await TestProvider.start(own, `itself jumps ${way}`)
      const client = await TestClient.start(network, `of one that jumps ${way}`, [provider])
      await client.chat({ maxTokens: 4 })
      own.clock.aheadMs += jumpMs
      for (let answers = 0; answers < 2; answers++) {
        client.forgive()
        await client.chat().catch((error: unknown) => {
          expect(error).toMatchObject({ code: 'NO_PROVIDER' })
        })
        await client.sessions.stop()
      }
      own.clock.aheadMs -= jumpMs
      await provider.restart()
      client.forgive()
      expect((await client.chat()).usage.completionTokens).toBe(40)
      const [settled] = await client.settle()
      expect(settled?.claimedNano).toBe(usedTotalNano(client.desk.state))
      await client.stop()
      await provider.stop()
    },
  )

  test('a clock that is set back does not stretch the patience with a silent provider', async () => {
    const silent = await TestProvider.start(network, 'silent in the past', { prices: CHEAP })
    const honest = await TestProvider.start(network, 'speaks in the past')
    const own = withOwnClock()
    const client = await TestClient.start(own, 'in the past', [silent, honest])
    silent.wrap = dead(() => true)
    const startedMs = performance.now()
    const answer = client.chat()
    await eventually(() => silent.sessions > 0)
    own.clock.aheadMs -= SET_BACK_MS
    expect((await answer).provider).toBe(honest.identity)
    expect(performance.now() - startedMs).toBeLessThan(SET_BACK_MS / 2)
    await client.stop()
    await silent.stop()
    await honest.stop()
  })
})

/** As a cable that was pulled: nothing arrives any more and nobody says so. */
function dead(isDead: () => boolean): StreamWrapper {
  return (stream) => ({
    remote: stream.remote,
    send: (bytes) => (isDead() ? Promise.resolve() : stream.send(bytes)),
    receive: () => stream.receive(),
    close: () => stream.close(),
    abort: (reason) => stream.abort(reason),
  })
}

test('laptop sleep: hours pass, every connection is dead; the next answer comes within 10 s', async () => {
  const provider = await TestProvider.start(network, 'of a sleeper')
  const client = await TestClient.start(network, 'sleeper', [provider])
  let isAsleep = false
  provider.wrap = dead(() => isAsleep)
  await client.chat({ maxTokens: 4 })
  isAsleep = true
  network.advance(8 * 3_600)
  provider.wrap = (stream) => stream
  const startedMs = performance.now()
  const { usage } = await client.chat()
  expect(usage.completionTokens).toBe(40)
  expect(performance.now() - startedMs).toBeLessThan(10_000 * slowness())
  expect(client.funding.desks).toHaveLength(1)
  await client.stop()
  await provider.stop()
})

test('network change: every connection is cut in the middle of an answer, which goes on', async () => {
  const first = await TestProvider.start(network, 'was near', { prices: CHEAP })
  const second = await TestProvider.start(network, 'is near')
  const client = await TestClient.start(network, 'moves', [first, second])
  let text = ''
  let isMoved = false
  for await (const event of client.chatEvents()) {
    if (event.kind !== 'text') continue
    text += event.text
    if (isMoved) continue
    isMoved = true
    // Both come back under new streams; what was open is gone.
    await first.restart()
    await second.restart()
  }
  expect(text.length).toBeGreaterThan(0)
  expect(client.desk.state.status).toBe('open')
  client.forgive()
  expect((await client.chat()).usage.completionTokens).toBe(40)
  await client.settle()
  await client.stop()
  await first.stop()
  await second.stop()
})

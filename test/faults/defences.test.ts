/** Defences that no honest peer ever meets: each is shown to hold, and to hold only as far as it says. */
import { cpSync, rmSync } from 'node:fs'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { RESTORE_PAUSE_MS, SEND_WAIT_MS, SESSIONS_PER_PEER_MAX } from '#node/roles/constants.ts'
import { LEAVES_MESSAGE_MAX, SEAL_REPLAY_ENTRIES_MAX } from '#protocol/constants.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { decodeSessionMessage } from '#protocol/session/frames.ts'
import type { EncapsulationGuard } from '#protocol/session/seal.ts'
import { usedTotalNano } from '#settlement/channel/state.ts'
import { coopCloseMessage } from '#settlement/wallet/messages.ts'
import { eventually } from '../support/eventually.ts'
import { Attacker, askOf } from '../support/role-attacker.ts'
import { type RoleNetwork, startRoleNetwork } from '../support/role-harness.ts'
import { TestClient, TestProvider } from '../support/role-peers.ts'

let network: RoleNetwork
beforeAll(async () => {
  network = await startRoleNetwork()
})
afterAll(() => network.stop())

async function pair(name: string): Promise<[TestProvider, TestClient]> {
  const provider = await TestProvider.start(network, `provider: ${name}`)
  return [provider, await TestClient.start(network, `client: ${name}`, [provider])]
}

test('SESSIONS_PER_PEER_MAX: one more session of the same peer is refused, another peer is not', async () => {
  const [provider, greedy] = await pair('greedy')
  const streams = await Promise.all(
    Array.from({ length: SESSIONS_PER_PEER_MAX }, () => Attacker.dial(greedy, provider)),
  )
  await eventually(() => provider.sessions === SESSIONS_PER_PEER_MAX)
  const refused = await Attacker.dial(greedy, provider)
  const message = decodeSessionMessage((await refused.receive())!)
  expect(message.kind === 'refusal' && message.refusal.code).toBe('PROVIDER_BUSY')
  const other = await TestClient.start(network, 'modest', [provider])
  expect((await other.chat()).usage.completionTokens).toBe(40)
  for (const stream of streams) stream.abort(new Error('gone'))
  await eventually(() => provider.sessions === 1)
  expect((await greedy.chat()).usage.completionTokens).toBe(40)
  await other.stop()
  await greedy.stop()
  await provider.stop()
})

test('SEND_WAIT_MS: a client that does not read loses its session, with what was paid settled', async () => {
  const [provider, client] = await pair('stuck')
  await client.chat({ maxTokens: 4 })
  const { desk } = client
  await client.sessions.stop()
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    provider.wrap = (stream) => ({
      remote: stream.remote,
      receive: () => stream.receive(),
      close: () => stream.close(),
      abort: (reason) => stream.abort(reason),
      // As a socket whose other side reads nothing: what is written stays here.
      send: (bytes) =>
        decodeSessionMessage(bytes).kind === 'frame' && provider.engine.load().active > 0
          ? new Promise((_, reject) => onAbort.push(() => reject(new Error('stream aborted'))))
          : stream.send(bytes),
    })
    const onAbort: (() => void)[] = []
    const attacker = await Attacker.open(client, provider, desk)
    await attacker.accepted()
    const requestId = crypto.randomBytes(16)
    await attacker.send(requestId, { kind: 'ask', ask: askOf(provider) })
    const voucher = attacker.voucher({ amountNano: desk.state.best.amountNano + 1_000n })
    await attacker.allocate(requestId, 1_000n, voucher)
    await eventuallyWithoutTimers(() => onAbort.length > 0)
    network.advance(SEND_WAIT_MS / 1000 + 1)
    await vi.advanceTimersByTimeAsync(SEND_WAIT_MS + 1_000)
    for (const abort of onAbort) abort()
    await eventuallyWithoutTimers(() => provider.sessions === 0)
  } finally {
    vi.useRealTimers()
  }
  expect(provider.codes).toContain('CLIENT_STUCK')
  expect(provider.engine.load().active).toBe(0)
  await client.stop()
  await provider.stop()
})

async function eventuallyWithoutTimers(condition: () => boolean): Promise<void> {
  const endMs = performance.now() + 120_000
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`not true: ${condition}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test('SESSION_EXPIRED: nothing is asked with keys that had their time; a new session has new ones', async () => {
  const [provider, client] = await pair('expires')
  await client.chat({ maxTokens: 4 })
  const { desk } = client
  await client.sessions.stop()
  const attacker = await Attacker.open(client, provider, desk)
  await attacker.accepted()
  network.clock.aheadMs += 61 * 60_000
  await attacker.send(crypto.randomBytes(16), { kind: 'ask', ask: askOf(provider) })
  // The session itself may have ended of age before: either way nothing is served.
  const code = await attacker.refusal().catch(() => 'SESSION_TIMEOUT')
  expect(['SESSION_EXPIRED', 'SESSION_TIMEOUT']).toContain(code)
  expect(provider.engine.load().active).toBe(0)
  const { usage } = await client.chat()
  expect(usage.completionTokens).toBe(40)
  await client.stop()
  await provider.stop()
})

test('CHANNEL_TOO_FAR_BEHIND: a client that misses more than fits closes the channel and opens another', async () => {
  const [provider, client] = await pair('far-behind')
  await client.chat({ maxTokens: 1 })
  const first = client.desk
  await client.stop()
  const backup = `${client.dataDir}-backup`
  cpSync(client.dataDir, backup, { recursive: true })
  await client.start()
  // Short form: the answers between the backup and now exist in the provider's store alone.
  const isLong = process.env['LONG'] === '1'
  for (let answers = 0; answers <= LEAVES_MESSAGE_MAX; answers++) {
    if (isLong) await client.chat({ maxTokens: 1 })
    else copyLeaf(provider, first.address, answers + 1)
  }
  const usedNano = usedTotalNano(client.desk.state)
  await client.stop()
  rmSync(client.dataDir, { recursive: true })
  cpSync(backup, client.dataDir, { recursive: true })
  await client.start()

  await expect(client.chat({ maxTokens: 1 })).rejects.toMatchObject({ code: 'NO_PROVIDER' })
  client.forgive()
  expect((await client.chat()).usage.completionTokens).toBe(40)
  expect(client.funding.desks).toHaveLength(2)
  await client.settle()
  await provider.stop()
  network.advance(network.file.closeDelay + 1)
  await client.settle()
  const seen = await network.chain.channel(first.state.address)
  expect(seen?.closed).toBe(true)
  expect(seen?.claimedNano).toBeGreaterThanOrEqual(usedNano)
  await client.stop()
})

function copyLeaf(provider: TestProvider, channel: string, index: number): void {
  const [leaf] = provider.store.leaves(channel)
  provider.store.appendLeaf(channel, index, leaf?.receipt ?? new Uint8Array())
}

test('no claim while a close authorisation is out', async () => {
  const [provider, client] = await pair('closing')
  // Left in the middle of a chunk, so that some of what is paid for was never used; a provider that was
  // quick may have delivered all of it, and then the next answer is left.
  const unused = () => client.desk.state.best.amountNano > usedTotalNano(client.desk.state)
  for (let left = 1; left === 1 || !unused(); left++) {
    for await (const event of client.chatEvents()) if (event.kind === 'text') break
    await eventually(() => client.desk.state.tree.count === left)
  }
  const usedNano = usedTotalNano(client.desk.state)
  const { session } = await client.sessions.get(client.target(provider))
  session.desk.beginClosing()
  const closeAuth = await session.requestClose()
  const [desk] = provider.channels.all()
  expect(desk?.state.best.amountNano).toBeGreaterThan(usedNano)
  await provider.stop()
  const { address, terms } = session.desk.state
  expect((await network.chain.channel(address))?.claimedNano).toBe(0n)
  // Had it claimed its voucher, the contract would refuse this: credit that was never used comes back.
  await client.wallet.send([coopCloseMessage(terms, closeAuth)])
  const seen = await network.chain.channel(address)
  expect(seen?.closed).toBe(true)
  expect(seen?.claimedNano).toBe(usedNano)
  await client.stop()
})

test('a full encapsulation guard: the session is refused, the next one has new keys', async () => {
  const [provider, client] = await pair('guard')
  const before = await provider.enclave.epoch()
  for (let entry = 0; entry < SEAL_REPLAY_ENTRIES_MAX; entry++) fill(before.guard, entry)
  const result = await client.chat().catch((error: unknown) => error)
  client.forgive()
  const { usage } = await client.chat()
  expect(usage.completionTokens).toBe(40)
  expect(result).toMatchObject({ code: 'NO_PROVIDER' })
  expect(provider.codes).toContain('SEAL_GUARD_FULL')
  expect((await provider.enclave.epoch()).sealingKey).not.toBe(before.sealingKey)
  await client.stop()
  await provider.stop()
})

function fill(guard: EncapsulationGuard, entry: number): void {
  const enc = new Uint8Array(32)
  new DataView(enc.buffer).setUint32(0, entry)
  guard.admit(enc)
}

test('a provider restored from a backup takes no voucher on old channels for 20 minutes, then does', async () => {
  const [provider, client] = await pair('restored')
  await client.chat({ maxTokens: 4 })
  const used = client.desk.state.best.amountNano
  await client.sessions.stop()
  await provider.stop()
  const copy = `${provider.dataDir}-copy`
  cpSync(provider.dataDir, copy, { recursive: true })
  rmSync(provider.dataDir, { recursive: true })
  cpSync(copy, provider.dataDir, { recursive: true })

  await provider.start()
  client.forgive()
  await expect(client.chat()).rejects.toMatchObject({ code: 'NO_PROVIDER' })
  expect(provider.codes).toContain('CHANNEL_PAUSED')
  expect(client.desk.state.status).toBe('open')
  expect(client.desk.state.best.amountNano).toBe(used)
  // A restart neither shortens the pause nor begins it again.
  network.advance(RESTORE_PAUSE_MS / 1000 - 30)
  await provider.restart()
  client.forgive()
  await expect(client.chat()).rejects.toMatchObject({ code: 'NO_PROVIDER' })
  // Somebody who has no channel yet is served at once.
  const stranger = await TestClient.start(network, 'stranger', [provider])
  expect((await stranger.chat()).usage.completionTokens).toBe(40)

  network.advance(31)
  client.forgive()
  expect((await client.chat()).usage.completionTokens).toBe(40)
  await stranger.stop()
  await client.stop()
  await provider.stop()
})

test('an older database put back beside the newer mark is noticed too', async () => {
  const [provider, client] = await pair('put-back')
  await client.chat({ maxTokens: 4 })
  await client.sessions.stop()
  await provider.stop()
  const file = `${provider.dataDir}/peer.sqlite`
  cpSync(file, `${file}.backup`)
  await provider.start()
  await provider.stop()
  cpSync(`${file}.backup`, file)
  await provider.start()
  client.forgive()
  await expect(client.chat()).rejects.toMatchObject({ code: 'NO_PROVIDER' })
  expect(provider.codes).toContain('CHANNEL_PAUSED')
  await client.stop()
  await provider.stop()
})

/** Keys that rotate, quotes that are shared, sessions that cannot be talked down: with real roles. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { decodeStatement } from '#attestation/statement.ts'
import type { QuoteSource } from '#attestation/types.ts'
import { EPOCH_MARGIN_MS, EPOCH_MS, RUNNING_ANSWER_MS } from '#node/roles/constants.ts'
import { Enclave } from '#node/roles/provider/enclave.ts'
import { equal, toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { verifyProof } from '#protocol/merkle.ts'
import { decodeReceiptBody, decodeReceiptFile } from '#protocol/receipt.ts'
import { generateSealingKey, SEAL_SUITES } from '#protocol/session/seal.ts'
import { FaultProbe } from '../support/fault-probe.ts'
import { forgeEvidence } from '../support/role-forgeries.ts'
import { type RoleNetwork, startRoleNetwork, trustOf } from '../support/role-harness.ts'
import { PRICES, TestClient, TestProvider } from '../support/role-peers.ts'
import { type Lie, lying } from '../support/role-tamper.ts'

const MINUTE_S = 60
/** Less than every wait of a session: what is in flight while the clock moves once is not late. */
const STEP_S = 25
const X25519 = SEAL_SUITES[1]

let network: RoleNetwork
beforeAll(async () => {
  network = await startRoleNetwork()
})
afterAll(() => network.stop())

/** The verdicts of a client: their mode, and whether they were remembered. */
function verdicts(client: TestClient) {
  return client.events.flatMap((event) => {
    if (event.kind !== 'verdict') return []
    const found = (name: string) => event.steps.find((step) => step.name === name)
    return [
      {
        ok: event.ok,
        mode: found('nonce')?.status === 'passed' ? 'challenge' : 'epoch',
        isRemembered: found('remembered-verdict') !== undefined,
      },
    ]
  })
}

/** An enclave whose quotes are counted. */
function countedEnclave(name: string) {
  const { manufacturer, runtimeDigest } = trustOf(network)
  const machine = manufacturer.machine(name, runtimeDigest)
  const counted = { quotes: 0 }
  const quotes: QuoteSource = {
    ...machine,
    quote: (reportData) => {
      counted.quotes++
      return machine.quote(reportData)
    },
  }
  const key = new Uint8Array(32).fill(1)
  const enclave = new Enclave(
    {
      globalId: network.file.globalId,
      identityKey: key,
      settlementKey: key,
      payoutAddress: `0:${'ab'.repeat(32)}`,
      policyDigest: key,
      modelRoot: network.modelRoot,
      runtimeDigest,
    },
    { crypto, clock: network.clock, chain: network.chain, quotes, suite: SEAL_SUITES[0] },
  )
  return { enclave, counted }
}

test('the first contact has a fresh quote, the next sessions the epoch quote, then a remembered verdict', async () => {
  const provider = await TestProvider.start(network, 'known')
  const client = await TestClient.start(network, 'regular', [provider])
  for (let session = 0; session < 3; session++) {
    await client.chat()
    await client.sessions.stop()
  }
  const seen = verdicts(client)
  expect(seen.map(({ ok }) => ok)).toEqual([true, true, true])
  expect(seen[0]).toMatchObject({ mode: 'challenge', isRemembered: false })
  // A spot check may be drawn at any later session; what is not one is an epoch quote.
  const epoch = seen.filter(({ mode }) => mode === 'epoch')
  expect(epoch.slice(1).every(({ isRemembered }) => isRemembered)).toBe(true)
  await client.stop()
  await provider.stop()
})

test('keys rotate every hour, live in memory only and cannot be exported', async () => {
  const { enclave, counted } = countedEnclave('rotating')
  const first = await enclave.epoch()
  network.advance((EPOCH_MS - EPOCH_MARGIN_MS) / 1_000 - MINUTE_S)
  expect(await enclave.epoch()).toBe(first)
  expect(counted.quotes).toBe(1)
  network.advance(2 * MINUTE_S)
  const second = await enclave.epoch()
  expect(counted.quotes).toBe(2)
  expect(toHex(second.sealingKey.publicKey)).not.toBe(toHex(first.sealingKey.publicKey))
  expect(toHex(second.responseKey.publicKey)).not.toBe(toHex(first.responseKey.publicKey))
  expect(second.notAfterMs).toBe(second.asksUntilMs + RUNNING_ANSWER_MS)
  for (const { sealingKey } of [first, second]) {
    expect(sealingKey.keyPair.privateKey.extractable).toBe(false)
  }
})

test('a hundred waiting clients share a quote or two, and each has its own proof', async () => {
  const { enclave, counted } = countedEnclave('crowded')
  const epoch = await enclave.epoch()
  const nonces = Array.from({ length: 100 }, () => crypto.randomBytes(32))
  const answers = await Promise.all(
    nonces.map((nonce) => enclave.evidence(epoch, 'challenge', nonce)),
  )
  expect(counted.quotes).toBeLessThanOrEqual(1 + 2)
  const areProved = answers.map(({ statement, nonceProof }, at) => {
    if (nonceProof === undefined) return false
    const { challenge } = decodeStatement(statement)
    return verifyProof(crypto, challenge, nonces[at] ?? new Uint8Array(32), nonceProof)
  })
  expect(areProved).not.toContain(false)
  const shared = await enclave.evidence(epoch, 'epoch', crypto.randomBytes(32))
  expect(shared).toBe(epoch.evidence)
})

test('a running answer keeps its keys for ten minutes more, then goes on at another provider', async () => {
  const cheap = { ...PRICES, completionNanoPerMtok: PRICES.completionNanoPerMtok / 2n }
  const probe = new FaultProbe()
  const provider = await TestProvider.start(network, 'long', { prices: cheap, probe })
  const next = await TestProvider.start(network, 'next')
  const client = await TestClient.start(network, 'patient', [provider, next], { probe })
  const before = await provider.enclave.epoch()
  // Late in the epoch, and not so late that the session would begin under the next one.
  network.advance((EPOCH_MS - EPOCH_MARGIN_MS) / 1_000 - 20)
  const overAfterMs: number[] = []
  let finish: string | undefined
  let routes = 0
  const progress = ['provider session progress', 'client session progress']
  for await (const event of client.chatEvents({ maxTokens: 400 })) {
    if (event.kind === 'done') finish = event.result.finish
    if (event.kind === 'routed') routes++
    if (event.kind !== 'text' || routes > 1) continue
    // Only when each saw something of the other since the last step: else it would think that nobody is there.
    if (progress.some((point) => !probe.visits.has(point))) continue
    probe.visits.clear()
    network.advance(STEP_S)
    const overMs = network.clock.nowMs() - before.asksUntilMs
    if (overMs <= 0) continue
    // Another epoch is on, and this answer goes on under its own keys.
    expect(await provider.enclave.epoch()).not.toBe(before)
    overAfterMs.push(overMs)
  }
  expect(overAfterMs.length).toBeGreaterThan(2)
  expect([finish, routes]).toEqual(['stop', 2])
  const receipts = files(client.dataDir).filter((name) => name.endsWith('.cocoon-receipt'))
  const bodies = receipts.map((name) => {
    const { receipt } = decodeReceiptFile(readFileSync(name))
    return decodeReceiptBody(receipt.body)
  })
  // The first one says what was paid until the keys ended, and was signed while they were good.
  expect(bodies).toHaveLength(2)
  const first = bodies.filter((body) => equal(body.responseKey, before.responseKey.publicKey))
  expect(first).toHaveLength(1)
  expect(first[0]?.finish).toBe('cancelled')
  const endedMs = (first[0]?.endedAtS ?? 0) * 1_000
  expect(endedMs).toBeGreaterThan(before.asksUntilMs)
  // This test moves the clock in steps; in one of them the keys end.
  expect(endedMs).toBeLessThanOrEqual(before.notAfterMs + STEP_S * 1_000)
  const { responseKey } = before
  const secret = Buffer.from(responseKey.seed)
  const onDisk = files(provider.dataDir).filter((name) => readFileSync(name).includes(secret))
  expect(files(provider.dataDir).length).toBeGreaterThan(0)
  expect(onDisk).toEqual([])
  await client.stop()
  await provider.stop()
  await next.stop()
})

test('an epoch quote that is too old is refused, a fresh one over the nonce asked for at once, and no way back', async () => {
  const provider = await TestProvider.start(network, 'late')
  const client = await TestClient.start(network, 'exact', [provider])
  const { enclave } = provider
  const old = (await enclave.epoch()).evidence
  await client.chat()
  const honest = enclave.evidence.bind(enclave)
  enclave.evidence = async (epoch, mode, nonce) =>
    mode === 'epoch' ? old : honest(epoch, mode, nonce)
  // Older than 75 minutes; the offer and the channel live on.
  network.advance(80 * MINUTE_S)
  const before = verdicts(client).length
  expect((await client.chat()).receiptFile).not.toBe('')
  const after = verdicts(client).slice(before)
  // A spot check may be drawn: then the challenge comes first, and there is nothing to go on from.
  if (after.length > 1) {
    expect(after.map(({ ok, mode }) => [ok, mode])).toEqual([
      [false, 'epoch'],
      [true, 'challenge'],
    ])
    expect(client.failedSteps).toContain('freshness')
  }
  expect(after.at(-1)).toMatchObject({ ok: true, mode: 'challenge' })

  // Whoever answers the challenge with an epoch quote is refused, and not asked a third time.
  enclave.evidence = async () => (await enclave.epoch()).evidence
  await client.sessions.stop()
  await client.restart()
  const refusedFrom = verdicts(client).length
  await expect(client.chat()).rejects.toThrow()
  expect(verdicts(client).slice(refusedFrom)).toMatchObject([{ ok: false }])
  await client.stop()
  await provider.stop()
})

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

const weakKey = await generateSealingKey(X25519)
const weak = { hpkeSuite: X25519, hpkeKey: weakKey.publicKey }

test.each<[string, string, Lie]>([
  [
    'a provider that offers X25519 alone, with a good quote over it',
    'sealing-suite',
    {
      hello: async (hello, _, provider) => ({
        ...hello,
        evidence: await forgeEvidence(provider, hello.evidence, weak),
      }),
    },
  ],
  [
    'a man in the middle who writes his suite and key into the statement',
    'report-data',
    {
      hello: async (hello, _, provider) => ({
        ...hello,
        evidence: await forgeEvidence(provider, hello.evidence, weak, { requote: false }),
      }),
    },
  ],
])('nothing is asked of %s', async (_, step, lie) => {
  const liar = await TestProvider.start(network, `liar ${step}`)
  const { wrap, heard } = lying(lie)
  liar.wrap = wrap
  const client = await TestClient.start(network, `victim ${step}`, [liar])
  await expect(client.chat()).rejects.toThrow()
  expect(client.failedSteps).toContain(step)
  expect(heard.asks).toBe(0)
  await client.stop()
  await liar.stop()
})

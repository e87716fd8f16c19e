/**
 * One running network, every peer a process: the OpenAI API as its official client sees it, the
 * commands against it, peers that are killed, and the end by Ctrl-C.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import OpenAI from 'openai'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { tdxCollateralFacts, tdxCollateralNeed } from '#attestation/evidence/collateral-facts.ts'
import { simulatedManufacturer } from '#attestation/evidence/simulated/manufacturer.ts'
import { reportData } from '#attestation/statement.ts'
import { peerSource } from '#node/collateral/peers.ts'
import { tdxCollateralKey } from '#node/collateral/tdx-collateral.ts'
import { composeClient } from '#node/compose.ts'
import type { LocalApi } from '#node/gateway/local-api-client.ts'
import { OFFER_LIFE_MS } from '#node/market/constants.ts'
import { openPeerStore } from '#node/store/sqlite-store.ts'
import { readNetworkFile } from '#node/testnet/network-file.ts'
import { fromHex, toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { chunkUnits } from '#protocol/session/units.ts'
import { decodeChannelState } from '#settlement/channel/codec.ts'
import { currentRoot, usedTotalNano } from '#settlement/channel/state.ts'
import { eventually } from '../support/eventually.ts'
import { slowness } from '../support/slowness.ts'
import { createTestHost } from '../support/test-peers.ts'
import { cli, isRunning, type Status } from '../support/testnet-cli.ts'
import { TestnetSession, untilGone } from '../support/testnet-session.ts'

const MODEL = 'cocoon-demo'
const LIMIT_MS = 400_000
/** An answer may be whole before the kill comes: then it is asked for again. */
const KILLS_MAX = 5
const { longQuestion } = JSON.parse(
  readFileSync(new URL('../../models/evaluation/facts.json', import.meta.url), 'utf8'),
) as { longQuestion: string }
const messages = [{ role: 'user' as const, content: 'What is Cocoon?' }]

let home: string
let testnet: TestnetSession

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'cocoon-network-'))
  testnet = await TestnetSession.start(
    ['--seed', 'e2e-network', '--restart'],
    path.join(home, 'testnet'),
    { home },
  )
}, LIMIT_MS)

afterAll(async () => {
  await testnet?.end()
  await rm(home, { recursive: true, force: true })
}, LIMIT_MS)

async function openai(): Promise<OpenAI> {
  const { apiUrl } = await testnet.status()
  return new OpenAI({ baseURL: `${apiUrl}/v1`, apiKey: 'unused', maxRetries: 0 })
}

const json = (...parameters: string[]) => jsonOf(testnet, ...parameters)

async function jsonOf(session: TestnetSession, ...parameters: string[]) {
  const { code, stdout, stderr } = await session.command(...parameters, '--json')
  expect({ parameters, code, stderr: code === 0 ? '' : stderr }).toMatchObject({
    code: 0,
    stderr: '',
  })
  return JSON.parse(stdout)
}

interface LongAnswer {
  readonly provider: string
  readonly received: string
  /** Of the provider that went on with it, and when it said so. */
  readonly next: string | undefined
  readonly movedAtMs: number | undefined
}

/** A long answer as raw server-sent events; `onText` sees the first piece of text. */
async function longAnswer(
  session: TestnetSession,
  onText: (provider: string) => void,
): Promise<LongAnswer> {
  const { apiUrl } = await session.status()
  const response = await fetch(`${apiUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: MODEL,
      messages: [{ role: 'user', content: longQuestion }],
      max_tokens: 200,
      stream: true,
    }),
  })
  const provider = response.headers.get('x-cocoon-provider') ?? ''
  let received = ''
  let isFirst = true
  let movedAtMs: number | undefined
  const next = () => /^: x-cocoon-provider ([0-9a-f]{64})$/m.exec(received)?.[1]
  try {
    for await (const bytes of response.body ?? []) {
      received += Buffer.from(bytes).toString()
      if (next() !== undefined) movedAtMs ??= performance.now()
      if (!isFirst || !/"content":"[^"]/.test(received)) continue
      isFirst = false
      onText(provider)
    }
  } catch {
    // The client itself was killed: what arrived until then is what there is.
  }
  return { provider, received, next: next(), movedAtMs }
}

const isWhole = ({ received }: LongAnswer): boolean => received.trimEnd().endsWith('data: [DONE]')

function peerFolders(runs: string): string[] {
  return readdirSync(runs).flatMap((run) => {
    const peers = path.join(runs, run, 'peers')
    return readdirSync(peers).map((peer) => path.join(peers, peer))
  })
}

/** What one side must never lose, as its store has it when the process has ended. */
function channelsOf(folder: string, role: 'client' | 'provider') {
  const store = openPeerStore(folder)
  try {
    return store.loadChannels(role).map((row) => {
      const state = decodeChannelState(JSON.parse(row.stateJson))
      const { address, best, tree } = state
      return {
        address: address.toRawString(),
        voucherNano: best.amountNano,
        voucherLeaves: best.leafCount,
        voucherRoot: toHex(best.receiptsRoot),
        leaves: tree.count,
        root: toHex(currentRoot(state)),
        usedNano: usedTotalNano(state),
      }
    })
  } finally {
    store.close()
  }
}

describe('the OpenAI API, through the official client', () => {
  it('answers whole, with usage, route, receipt and price', async () => {
    const { data, response } = await (await openai()).chat.completions
      .create({ model: MODEL, messages, max_tokens: 60 })
      .withResponse()
    expect(data.choices[0]?.message.content?.length).toBeGreaterThan(20)
    expect(data.usage?.prompt_tokens).toBeGreaterThan(3)
    expect(data.usage?.completion_tokens).toBeGreaterThan(3)
    expect(response.headers.get('x-cocoon-provider')).toMatch(/^[0-9a-f]{64}$/)
    expect(response.headers.get('x-cocoon-tier')).toBe('simulated')
    expect(response.headers.get('x-cocoon-receipt')).toMatch(/^[0-9a-f]{64}$/)
    expect(Number(response.headers.get('x-cocoon-price-nano'))).toBeGreaterThan(0)
  })

  it('streams the same answer for the same greedy question, with usage at the end', async () => {
    const client = await openai()
    const ask = { model: MODEL, messages, max_tokens: 60 }
    const whole = await client.chat.completions.create(ask)
    const stream = await client.chat.completions.create({
      ...ask,
      stream: true,
      stream_options: { include_usage: true },
    })
    let text = ''
    let usage: OpenAI.CompletionUsage | undefined
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? ''
      usage = chunk.usage ?? usage
    }
    expect(text).toBe(whole.choices[0]?.message.content)
    expect(usage).toEqual(whole.usage)
  })

  it('says receipt and price in comments of the stream', async () => {
    const { received } = await longAnswer(testnet, () => undefined)
    expect(received).toMatch(/^: x-cocoon-receipt [0-9a-f]{64}$/m)
    expect(received).toMatch(/^: x-cocoon-price-nano \d+$/m)
    expect(received.trimEnd().endsWith('data: [DONE]')).toBe(true)
  })

  it('refuses an unknown model with 404 and an unknown field with 400, named', async () => {
    const client = await openai()
    const unknown = client.chat.completions.create({ model: 'nobody/none', messages })
    await expect(unknown).rejects.toMatchObject({ status: 404, code: 'MODEL_UNKNOWN' })
    const odd = { model: MODEL, messages, surprise: 1 }
    await expect(client.chat.completions.create(odd)).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('surprise'),
    })
  })
})

describe('the commands against a running testnet', () => {
  it('show its processes, by folder and by network file', async () => {
    const status = await testnet.status()
    expect(status.peers.map(({ name }) => name).sort()).toEqual([
      ...['client-1', 'provider-1', 'provider-2', 'provider-3'],
    ])
    expect(status.peers.every(({ alive, pid }) => alive && isRunning(pid))).toBe(true)
    expect(new Set(status.peers.map(({ pid }) => pid)).size).toBe(4)
    const byFile = await json('offers', '--network', status.network)
    expect(byFile).toHaveLength(3)
  })

  it('run a question, and list its receipt and channel', async () => {
    const ran = await json('run', MODEL, 'How are providers paid?', '--max-tokens', '30')
    expect(ran.answer.length).toBeGreaterThan(10)
    expect(ran.verdict.ok).toBe(true)
    const receipts = await json('receipts', 'list')
    expect(receipts.map(({ id }: { id: string }) => id)).toContain(ran.receiptId)
    const channels = await json('channels', 'list')
    expect(channels.map(({ address }: { address: string }) => address)).toContain(ran.channel)
  })

  it('submit a job and show its results in line order', async () => {
    const file = path.join(home, 'job.jsonl')
    const lines = ['What is a TEE?', 'What is a receipt?'].map((prompt, index) =>
      JSON.stringify({ custom_id: `q${index}`, prompt, max_tokens: 16 }),
    )
    writeFileSync(file, lines.join('\n'))
    const { id } = await json('jobs', 'submit', file)
    const api = await testnet.api()
    await testnet.until(async () => ['done', 'failed'].includes((await api.job(id)).status))
    const listed = await json('jobs', 'list')
    expect(listed[0]).toMatchObject({ id, status: 'done', linesDone: 2 })
    const results = await json('jobs', 'results', id)
    expect(results.map(({ customId }: { customId: string }) => customId)).toEqual(['q0', 'q1'])
    expect(results.every(({ error }: { error: null }) => error === null)).toBe(true)
  })

  it('say their version, and exit 2 on bad usage', async () => {
    const version = await cli(['version', '--json'], { home })
    expect(JSON.parse(version.stdout)).toMatchObject({ node: process.versions.node, protocol: 1 })
    const bad = await testnet.command('offers', '--no-such-option')
    expect(bad.code).toBe(2)
    expect(bad.stderr).toContain('--no-such-option')
  })
})

describe('collateral', () => {
  it(
    'is handed on by the processes that hold it, to a peer that knows no service',
    async () => {
      const { network: networkFile } = await testnet.status()
      const network = readNetworkFile(networkFile)
      const { globalId, bootstrap, simulatedManufacturerSeed = '' } = network
      const nowMs = Date.now()
      const seed = fromHex(simulatedManufacturerSeed)
      const manufacturer = simulatedManufacturer({ seed, nowMs, crypto })
      const machine = manufacturer.machine('newcomer', new Uint8Array(32))
      const { quote } = await machine.quote(reportData(crypto, 'epoch', new Uint8Array(1)))
      const need = tdxCollateralNeed(quote)
      const transport = await createTestHost({ number: 77, globalId, bootstrap, mode: 'light' })
      onTestFinished(() => transport.stop())
      const context = { crypto, nowMs, anchors: [manufacturer.anchor] }
      const source = peerSource({ transport, crypto }, tdxCollateralKey)
      const judge = (bytes: Uint8Array) => void tdxCollateralFacts(bytes, need, context)
      let found: Uint8Array = new Uint8Array(0)
      // Only TDX-shaped machines and who bought from them hold any: those it meets first may have none.
      await eventually(async () => {
        found = await source.fetch(need, judge).catch(() => found)
        return found.length > 0
      })
      expect(tdxCollateralFacts(found, need, context).evaluationNumber).toBe(18)
    },
    LIMIT_MS,
  )
})

/** Kills the provider of a long answer while it comes. */
async function killServing(offers: Awaited<ReturnType<LocalApi['offers']>>) {
  for (let kills = 1; ; kills++) {
    const since = testnet.events().length
    const { peers } = await testnet.status()
    let killed: Status['peers'][number] | undefined
    let [killedAtMs, killedAtUnixMs] = [0, 0]
    const answer = await longAnswer(testnet, (serving) => {
      const peerId = offers.find((offer) => offer.provider === serving)?.peerId
      killed = peers.find((one) => one.peerId === peerId)
      process.kill(killed!.pid, 'SIGKILL')
      killedAtMs = performance.now()
      killedAtUnixMs = Date.now()
    })
    expect(killed).toBeDefined()
    const isMissed = isWhole(answer) && answer.next === undefined
    if (!isMissed || kills === KILLS_MAX) {
      return { killed: { ...killed!, since }, killedAtMs, killedAtUnixMs, answer }
    }
    await testnet.restarted(killed!.name, since)
  }
}

describe('a peer that is killed with -9', { timeout: LIMIT_MS }, () => {
  it('is nobody special when it is the first of the network file: others answer, a newcomer joins', async () => {
    const status = await testnet.status()
    const network = readNetworkFile(status.network)
    const first = status.peers.find(({ addresses }) => addresses.includes(network.bootstrap[0]!))
    const since = testnet.events().length
    process.kill(first!.pid, 'SIGKILL')
    await testnet.until(() => !isRunning(first!.pid))
    const cold = await composeClient({
      name: 'newcomer',
      network,
      dataDir: path.join(home, 'newcomer'),
      identitySeed: new Uint8Array(32).fill(7),
      walletSeed: new Uint8Array(32).fill(8),
      depositNano: 1_000_000n,
      emit: () => undefined,
      log: pino({ level: 'silent' }),
    })
    onTestFinished(() => cold.stop())
    const others = status.peers.filter(({ role, name }) => {
      return role === 'provider' && name !== first?.name
    })
    const knows = () => new Set(cold.service.offers().map(({ peerId }) => peerId))
    await testnet.until(() => others.every(({ peerId }) => knows().has(peerId)))
    const ran = await json('run', MODEL, 'Who can read my prompt?', '--max-tokens', '20')
    expect(ran.verdict.ok).toBe(true)
    await testnet.restarted(first!.name, since)
  })

  it('hangs nobody when it serves: the stream goes on elsewhere, and both sides agree after it', async () => {
    const offers = await (await testnet.api()).offers()
    const { killed, killedAtMs, killedAtUnixMs, answer } = await killServing(offers)
    const { provider, received, next } = answer
    // It goes on, or says why it cannot.
    const endedMs = (answer.movedAtMs ?? performance.now()) - killedAtMs
    expect(endedMs).toBeLessThan(10_000 * slowness())
    if (isWhole(answer)) {
      expect(next).toMatch(/^[0-9a-f]{64}$/)
      expect(next).not.toBe(provider)
    } else {
      expect(received).toMatch(/"code":"[A-Z_]+"/)
    }
    await testnet.restarted(killed.name, killed.since)
    // The client knows where it listens now: by an offer that was made after its death.
    await testnet.until(async () => {
      const known = (await (await testnet.api()).offers()).find((one) => one.provider === provider)
      return (known?.expiresAtMs ?? 0) > killedAtUnixMs + OFFER_LIFE_MS
    })
    // Settling opens a session with each provider: a channel is closed only when both sides agree.
    const api = await testnet.api()
    const settled = await api.settle()
    const statuses = (await api.channels()).map(({ address, status }) => [address, status])
    expect(statuses.sort()).toEqual(settled.map(({ channel }) => [channel, 'closed']).sort())
    for (const one of settled) {
      expect(BigInt(one.depositedNano)).toBe(BigInt(one.claimedNano) + BigInt(one.refundedNano))
    }
    const lost = (await api.channels()).find(({ counterparty }) => counterparty === provider)
    expect(lost).toBeDefined()
    const kept = (await api.receipts()).filter((one) => one.provider === provider)
    const units = kept.reduce((sum, one) => sum + one.promptTokens + one.completionTokens, 0)
    const tokensLostMax = BigInt(Math.ceil(1.5 * chunkUnits(units + 200)))
    const perMtok = BigInt(offers.find((one) => one.provider === provider)!.completionNanoPerMtok)
    const lostNano = BigInt(lost!.claimedNano) - BigInt(lost!.usedNano)
    expect(lostNano).toBeGreaterThanOrEqual(0n)
    expect(lostNano).toBeLessThanOrEqual((tokensLostMax * perMtok) / 1_000_000n + 1n)
  })
})

describe('Ctrl-C', { timeout: LIMIT_MS }, () => {
  it('settles, balances the books, exits 0 and leaves no process behind', async () => {
    const below = testnet.descendants()
    expect(below.length).toBeGreaterThanOrEqual(8)
    testnet.process.signal('SIGINT')
    const { code, stdout, stderr } = await testnet.process.ended
    expect(code).toBe(0)
    expect(stderr).toMatch(/^conserved: /m)
    const last = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
    expect(last).toMatchObject({ kind: 'stopped', conserved: true })
    const { genesisNano, balancesNano, feesNano } = last
    expect(BigInt(balancesNano) + BigInt(feesNano)).toBe(BigInt(genesisNano))
    await untilGone(below)
  })

  it('leaves stores in which client and providers agree on every channel', () => {
    const folders = peerFolders(path.join(home, 'testnet', 'runs'))
    const sideOf = (role: 'client' | 'provider') =>
      new Map(
        folders.flatMap((folder) => channelsOf(folder, role)).map((one) => [one.address, one]),
      )
    const providers = sideOf('provider')
    const client = sideOf('client')
    // One for each provider that was ever asked: which ones, the load of this machine decided.
    expect(client.size).toBeGreaterThanOrEqual(1)
    expect([...providers.keys()].sort()).toEqual([...client.keys()].sort())
    for (const [address, one] of client) expect(providers.get(address)).toEqual(one)
  })
})

describe('a network of one provider', { timeout: LIMIT_MS }, () => {
  let small: TestnetSession

  beforeAll(async () => {
    const data = path.join(home, 'small')
    const parameters = ['--seed', 'e2e-small', '--providers', '1', '--restart']
    small = await TestnetSession.start(parameters, data, { home })
  }, LIMIT_MS)

  afterAll(() => small?.end(), LIMIT_MS)

  /** Kills the client while a long answer comes; what it had before that. */
  async function killReading() {
    for (let kills = 1; ; kills++) {
      const receipts = await (await small.api()).receipts()
      const client = (await small.status()).peers.find(({ role }) => role === 'client')!
      const since = small.events().length
      const answer = await longAnswer(small, () => process.kill(client.pid, 'SIGKILL'))
      await small.restarted(client.name, since)
      if (isWhole(answer) && kills < KILLS_MAX) continue
      expect(isWhole(answer)).toBe(false)
      return { kills, receipts }
    }
  }

  it('takes back a client killed with -9 while streaming: same channel, no receipt lost', async () => {
    await jsonOf(small, 'run', MODEL, 'What is Cocoon?', '--max-tokens', '20')
    const api = await small.api()
    const before = await api.channels()
    expect([before.length, (await api.receipts()).length]).toEqual([1, 1])
    const { kills, receipts } = await killReading()
    const again = await small.api()
    expect((await again.channels()).map(({ address }) => address)).toEqual([before[0]?.address])
    expect(await again.receipts()).toEqual(receipts)
    const ran = await jsonOf(small, 'run', MODEL, 'What is Cocoon?', '--max-tokens', '20')
    expect(ran.channel).toBe(before[0]?.address)
    const [after] = await again.channels()
    // The broken request ended with its last checkpoint: a leaf of its own between the two answers.
    expect(after).toMatchObject({ status: 'open', leafCount: 2 + kills })
    expect(BigInt(after!.usedNano)).toBeLessThanOrEqual(BigInt(after!.voucherNano))
  })

  it('leaves no peer, no engine and no chain behind when its orchestrator is killed with -9', async () => {
    const below = small.descendants()
    expect(below.length).toBeGreaterThanOrEqual(4)
    small.process.signal('SIGKILL')
    await small.process.ended
    await untilGone(below)
  })
})

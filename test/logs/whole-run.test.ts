/**
 * The logs of a whole run at the lowest level: one request has one id in the client's log and in the
 * provider's, and nothing that is written or told holds a prompt, an answer, a salt or a seed.
 */
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startTestnet, type Testnet } from 'cocoon-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toJson } from '#node/gateway/json.ts'
import { createLog } from '#node/log.ts'
import { type PeerPlan, planTestnet } from '#node/testnet/derive.ts'
import { devchainRpc } from '#node/testnet/devchain-rpc.ts'
import { realParts } from '#node/testnet/parts.ts'
import { type RunningConfiguredPeer, runPeer } from '#node/testnet/run-peer.ts'
import { eventually } from '../support/eventually.ts'
import { found, needlesOfText } from '../support/leak-search.ts'

const PROMPT = `Wombat ${randomBytes(6).toString('hex')} asks: what is Cocoon?`
const plan = planTestnet(`logs-${randomBytes(4).toString('hex')}`, 1, 1)
const peers: RunningConfiguredPeer[] = []
const told: Record<'client' | 'provider', string> = { client: '', provider: '' }
let testnet: Testnet
let home: string
let requestId: string
let answer: string
let refusedBody: string

function surroundings(name: 'client' | 'provider') {
  return {
    network: testnet.network,
    emit: (event: object) => {
      told[name] += `${toJson(event)}\n`
    },
    log: createLog({
      name,
      level: 'trace',
      write: (line) => {
        told[name] += line
      },
    }),
  }
}

async function fund({ walletSeed }: PeerPlan) {
  const address = realParts.walletAddress(walletSeed)
  await devchainRpc(testnet.network.chainUrl).fund(address, 50_000_000_000n)
}

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'cocoon-logs-'))
  testnet = await startTestnet()
  const model = await realParts.model()
  const provider = plan.providers[0]!
  const client = plan.clients[0]!
  await fund(provider)
  await fund(client)
  // Cheaper than the network's own, so that it is chosen.
  const prices = {
    promptNanoPerMtok: 1_000n,
    cachedNanoPerMtok: 100n,
    completionNanoPerMtok: 2_000n,
  }
  const serves = { modelId: model.id, modelFolder: model.folder, slotsTotal: 2 }
  peers.push(
    await runPeer(
      {
        role: 'provider',
        ...provider,
        ...serves,
        prices,
        addedLatencyMs: 0,
        dataDir: path.join(home, 'provider'),
      },
      surroundings('provider'),
    ),
    await runPeer(
      {
        role: 'client',
        ...client,
        dataDir: path.join(home, 'client'),
        depositNano: 1_000_000_000n,
        apiPort: 0,
        apiPortFallback: true,
      },
      surroundings('client'),
    ),
  )
  const apiUrl = peers[1]!.ready.apiUrl!
  await eventually(async () => {
    const offers = (await (await fetch(`${apiUrl}/api/v1/offers`)).json()) as unknown[]
    return offers.length === 2
  })
  const ask = (body: object) =>
    fetch(`${apiUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model: model.id,
        messages: [{ role: 'user', content: PROMPT }],
        ...body,
      }),
    })
  const response = await ask({ max_tokens: 60, temperature: 1.2, seed: 3 })
  requestId = response.headers.get('x-request-id')!
  answer = ((await response.json()) as { choices: [{ message: { content: string } }] }).choices[0]
    .message.content
  refusedBody = await (await ask({ cocoon: { max_price_nano: '0' } })).text()
  await fetch(`${apiUrl}/api/v1/settle`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  })
  for (const peer of [...peers].reverse()) await peer.stop()
}, 300_000)

afterAll(async () => {
  for (const peer of [...peers].reverse()) await peer.stop()
  await testnet?.stop()
  await rm(home, { recursive: true, force: true })
})

const linesOf = (name: 'client' | 'provider', field: string): Record<string, unknown>[] =>
  told[name]
    .split('\n')
    .filter((line) => line.includes(`"${field}"`) && line.includes('"level"'))
    .map((line) => JSON.parse(line))

describe('a request', () => {
  it('has one id on the wire, in the HTTP answer and in the logs of both sides', () => {
    expect(requestId).toMatch(/^[0-9a-f]{32}$/)
    const asked = linesOf('client', 'requestId').filter((line) => line['requestId'] === requestId)
    expect(asked.map(({ msg }) => msg)).toContain('choice')
    const served = linesOf('provider', 'requestId').map((line) => [line['msg'], line['requestId']])
    expect(served).toEqual([['served', requestId]])
  })
})

describe('what was logged, told, answered in refusal and stored', () => {
  const everything = (): [string, Buffer][] => [
    ['log and events of the client', Buffer.from(told.client)],
    ['log and events of the provider', Buffer.from(told.provider)],
    ['the refusal', Buffer.from(refusedBody)],
    ...readdirSync(home, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .map((file): [string, Buffer] => [path.relative(home, file), readFileSync(file)]),
  ]

  it('is a whole run: logs, events and stores of both', () => {
    expect(told.client).toContain('"msg":"receipt"')
    expect(told.provider).toContain('"msg":"served"')
    const names = everything().map(([name]) => name)
    expect(names).toEqual(expect.arrayContaining(['client/peer.sqlite', 'provider/peer.sqlite']))
  })

  it('holds no piece of the prompt', () => {
    const needles = needlesOfText(PROMPT, () => false)
    const leaks = everything().flatMap(([where, bytes]) => found(bytes, needles).map(() => where))
    expect(leaks).toEqual([])
    expect(found(Buffer.from(`x${PROMPT}`), needles).length).toBeGreaterThan(20)
  })

  it('holds no long piece of the answer', () => {
    expect(answer.length).toBeGreaterThan(20)
    const pieces = Array.from({ length: answer.length - 19 }, (_, at) => answer.slice(at, at + 20))
    const leaks = everything().filter(([, bytes]) => pieces.some((piece) => bytes.includes(piece)))
    expect(leaks.map(([where]) => where)).toEqual([])
  })

  it('holds no seed of a wallet, an identity or a settlement key', () => {
    const seeds = [...plan.providers, ...plan.clients].flatMap((peer) => [
      peer.walletSeed,
      peer.identitySeed,
      ...('settlementSeed' in peer ? [peer.settlementSeed as Uint8Array] : []),
    ])
    expect(seeds).toHaveLength(5)
    const needles = seeds.flatMap((seed) => {
      const bytes = Buffer.from(seed)
      const hex = bytes.toString('hex')
      return [
        bytes,
        Buffer.from(hex),
        Buffer.from(hex.toUpperCase()),
        Buffer.from(bytes.toString('base64')),
      ]
    })
    const leaks = everything().flatMap(([where, bytes]) => found(bytes, needles).map(() => where))
    expect(leaks).toEqual([])
  })
})

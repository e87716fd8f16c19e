/**
 * Provider, client, chain endpoint and first peer as processes, killed with SIGKILL at a step of the other
 * or of themselves. The short form takes some steps for each; LONG=1 every step that a life on one channel has.
 */
import { createServer } from 'node:net'
import { Address } from '@ton/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { FaultProcess } from '../support/fault-processes.ts'
import { type RoleNetwork, startRoleNetwork } from '../support/role-harness.ts'

const PROVIDER = 'killed provider'
const CLIENT = 'killed client'
const VICTIMS = ['provider', 'client', 'chain', 'first'] as const
type Victim = (typeof VICTIMS)[number]

/** A process takes seconds to come back: all other steps are ended in one process, by kill-points. */
const SHORT: Readonly<Record<Victim, readonly string[]>> = {
  provider: ['provider commits', 'provider sent tokens'],
  client: ['client committed', 'provider sends checkpoint'],
  chain: ['client session accept'],
  first: ['client sent allocate'],
}

const LONG_POINTS = [
  ...[
    'client-hello',
    'evidence-sent',
    'seal-open',
    'open-accepted',
    'ask',
    'progress',
    'ended',
  ].map((step) => `provider session ${step}`),
  ...['provider-hello', 'verdict-passed', 'seal-sent', 'accept', 'ask', 'progress', 'ended'].map(
    (step) => `client session ${step}`,
  ),
  ...['accept', 'tokens', 'checkpoint', 'leaf'].flatMap((kind) => [
    `provider sends ${kind}`,
    `provider sent ${kind}`,
  ]),
  ...['open', 'ask', 'allocate'].flatMap((kind) => [`client sends ${kind}`, `client sent ${kind}`]),
  ...['setMeta', 'saveChannel', 'addCheckpoint', 'appendLeaf', 'dropCheckpoints'].flatMap(
    (name) => [`client writes ${name}`, `provider writes ${name}`],
  ),
  ...['client', 'provider'].flatMap((side) => [`${side} commits`, `${side} committed`]),
]

const CASES = VICTIMS.flatMap((victim) => {
  const points = process.env['LONG'] === '1' ? LONG_POINTS : SHORT[victim]
  return points.map((point) => [victim, point] as const)
})

let network: RoleNetwork
let endpointPort: number
const running = {} as Record<Victim, FaultProcess>
const folders = {} as Record<Victim, string>
let kills = 0

async function start(victim: Victim): Promise<void> {
  const file = { ...network.file, chainUrl: `http://127.0.0.1:${endpointPort}` }
  folders[victim] ??= network.folder()
  const base = { file, dataDir: folders[victim] }
  if (victim === 'chain') {
    running.chain = await FaultProcess.start('fault-endpoint-process.ts', [
      network.devchain.url,
      `${endpointPort}`,
    ])
    return
  }
  if (victim === 'first') {
    running.first = await FaultProcess.peer({
      ...base,
      role: 'first',
      name: 'first',
      bootstrap: [],
    })
    return
  }
  const bootstrap = running.first.addresses
  if (victim === 'provider') {
    running.provider = await FaultProcess.peer({
      ...base,
      role: 'provider',
      name: PROVIDER,
      bootstrap,
    })
    // It listens on another port now: what its next offer would tell.
    await running.client?.order({ kind: 'moved', addresses: running.provider.addresses })
    return
  }
  const provider = { name: PROVIDER, addresses: running.provider.addresses }
  running.client = await FaultProcess.peer({
    ...base,
    role: 'client',
    name: CLIENT,
    bootstrap,
    provider,
  })
}

beforeAll(async () => {
  network = await startRoleNetwork()
  endpointPort = await freePort()
  // The faucet fills the wallets that the processes will use.
  await network.wallet(`provider ${PROVIDER}`)
  await network.wallet(`client ${CLIENT}`)
  await Promise.all([start('chain'), start('first')])
  await start('provider')
  await start('client')
  expect(await running.client.order({ kind: 'chat', maxTokens: 4 })).toMatchObject({ tokens: 4 })
}, 120_000)

afterAll(async () => {
  await Promise.all(Object.values(running).map((one) => one.kill()))
  await network.stop()
})

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

test.each(CASES)('%s killed at: %s', { timeout: 120_000 }, async (victim, point) => {
  const side = point.startsWith('client') ? 'client' : 'provider'
  const isSelf = side === victim
  await running.client.order({ kind: 'rest' })
  await running[side].order({ kind: 'arm', point, isSelf })
  let killedMs = Number.NaN
  running[victim].child.once('exit', () => {
    killedMs = performance.now()
  })
  if (!isSelf) running[side].atStep(() => running[victim].kill())
  const ended = await running.client.order({ kind: 'chat', maxTokens: 40 })
  await eventually(() => !running[victim].isAlive)
  kills++
  // An answer, or a typed error, within 10 s; a client that is killed has nobody to tell.
  expect(performance.now() - killedMs).toBeLessThan(10_000)
  if (victim === 'client') expect(ended.code).toBe('KILLED')
  else expect([undefined, 'NO_PROVIDER']).toContain(ended.code)
  if (victim === 'first') expect(ended).toMatchObject({ tokens: 40 })

  await start(victim)
  const again = await running.client.order({ kind: 'chat', maxTokens: 6 })
  expect(again).toMatchObject({ tokens: 6 })
  const { ledger } = await running.client.order({ kind: 'ledger' })
  const address = String(ledger?.['address'])
  await eventually(async () => {
    const theirs = await running.provider.order({ kind: 'ledger', address })
    return JSON.stringify(theirs.ledger) === JSON.stringify(ledger)
  })
  expect(ledger?.['status']).toBe('open')
})

test('after all of it the chain pays what both sides agree on, to the last nanoTON', async () => {
  expect(kills).toBe(CASES.length)
  const before = await running.client.order({ kind: 'ledger' })
  await running.client.order({ kind: 'settle' })

  const seen = await network.chain.channel(Address.parseRaw(String(before.ledger?.['address'])))
  expect(seen?.closed).toBe(true)
  expect(`${seen?.claimedNano}`).toBe(before.ledger?.['usedNano'])
  const totals = network.devchain.totals()
  expect(totals.balancesNano + totals.feesNano).toBe(totals.genesisNano)
})

/**
 * Provider, client and chain end at every step of a session's life, in one process: memory is gone, the
 * store is opened again. The steps are taken from the state machines, the wire schema, the store and the
 * contract's operations, so a new one without a case fails here. With real processes: kill-processes.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toHex } from '#protocol/bytes.ts'
import { CHUNK_UNITS_MIN } from '#protocol/constants.ts'
import { CocoonError } from '#protocol/errors.ts'
import type { ClientMeterEffect } from '#protocol/session/client-meter.ts'
import type { ProviderMeterEffect } from '#protocol/session/provider-meter.ts'
import { unitsCostNano } from '#protocol/session/units.ts'
import * as clientChannel from '#settlement/channel/client.ts'
import * as meeting from '#settlement/channel/meeting.ts'
import * as providerChannel from '#settlement/channel/provider.ts'
import { currentRoot, usedTotalNano } from '#settlement/channel/state.ts'
import { eventually } from '../support/eventually.ts'
import { enumeratedPoints, NOT_REACHED } from '../support/fault-points.ts'
import {
  beginRun,
  claimedNano,
  END_LIMIT_MS,
  type Ending,
  endAt,
  type FaultRun,
  PROMPT_TOKENS,
  restart,
  settleAndStop,
  stepsOf,
  type Victim,
} from '../support/fault-scenario.ts'
import { type RoleNetwork, startRoleNetwork } from '../support/role-harness.ts'
import { CHAT, PRICES } from '../support/role-peers.ts'
import { slowness } from '../support/slowness.ts'

let network: RoleNetwork
beforeAll(async () => {
  network = await startRoleNetwork()
})
afterAll(() => network.stop())

/** Every transition of a channel, and the point at which it becomes durable or is said. */
const CHANNEL_STEPS: Readonly<Record<string, string>> = {
  clientAllocate: 'client sends allocate',
  clientFinalVoucher: 'client sends allocate',
  clientCheckpoint: 'client writes addCheckpoint',
  clientLeaf: 'client writes appendLeaf',
  clientForget: 'client writes saveChannel',
  clientCheckCloseAuth: 'client transacts coopClose',
  providerAsk: 'provider session ask',
  providerAcceptVoucher: 'provider writes saveChannel',
  isNewer: 'provider writes saveChannel',
  providerAllocate: 'provider writes saveChannel',
  providerCheckpoint: 'provider sends checkpoint',
  providerLeaf: 'provider sends leaf',
  providerBeginClose: 'provider sends close-auth',
  signCloseAuth: 'provider sends close-auth',
  clientView: 'client sends open',
  clientMeet: 'client session accept',
  providerView: 'provider sends accept',
  providerMeet: 'provider sends accept',
}

const METER_STEPS: Readonly<
  Record<ClientMeterEffect['kind'] | ProviderMeterEffect['kind'], string>
> = {
  allocate: 'client sends allocate',
  violation: '',
  produce: 'provider sends tokens',
  pause: 'provider sends tokens',
  checkpoint: 'provider sends checkpoint',
}

type Life = Ending | 'warm'

async function recorded(life: Life): Promise<ReadonlyMap<string, number>> {
  const run = await beginRun(network, `recorded ${life}`)
  if (life === 'warm') {
    await run.client.chat({ maxTokens: 4 })
    await run.client.sessions.stop()
    run.probe.visits.clear()
  }
  for (const step of stepsOf(run, life)) await step()
  const visits = new Map(run.probe.visits)
  if (life !== 'alone') await run.provider.stop()
  await run.client.stop()
  return visits
}

const CHUNK_AND_HALF_NANO = unitsCostNano(
  { ...PRICES, promptNanoPerMtok: PRICES.completionNanoPerMtok },
  0,
  0,
  (CHUNK_UNITS_MIN * 3) / 2 + 1,
)

async function agree({ client, provider }: FaultRun): Promise<void> {
  const { desk } = client
  const theirs = () =>
    provider.channels.all().find(({ address }) => address === desk.address)?.state
  await eventually(() => theirs()?.best.leafCount === desk.state.best.leafCount)
  const other = theirs()
  expect(other?.best.amountNano).toBe(desk.state.best.amountNano)
  expect(other && toHex(currentRoot(other))).toBe(toHex(currentRoot(desk.state)))
  expect(other && usedTotalNano(other)).toBe(usedTotalNano(desk.state))
  expect(desk.state.status).toBe('open')
  expect(other?.status).toBe('open')
}

/** One end on a pair of its own, whose channels are closed after it: the chain shows the loss. */
async function endAlone(ending: Ending, victim: Victim, point: string, visit: number) {
  const run = await beginRun(network, `${ending} ${victim} ${point} ${visit}`)
  const result = await endAndGoOn(run, ending, victim, point, visit)
  await settleAndStop(run)
  await checkLoss(run, result.priceNano)
}

/** Ends on one pair, one after the other; each is followed by an answer on the same channel. */
async function endTogether(victim: Victim, points: readonly (readonly [string, number])[]) {
  const run = await beginRun(network, `warm ${victim}`)
  const first = await run.client.chat({ maxTokens: 4 })
  let othersNano = first.priceNano
  for (const [point, visit] of points) {
    await run.client.sessions.stop()
    forgetPromises(run)
    const beforeNano = usedTotalNano(run.client.desk.state)
    const deliveredBeforeNano = run.delivered.nano
    const result = await endAndGoOn(run, 'warm', victim, point, visit).catch((error: unknown) => {
      network.gate.fault = 'none'
      throw new Error(`${point} (${visit})`, { cause: error })
    })
    othersNano += result.priceNano
    const usedNano = usedTotalNano(run.client.desk.state) - beforeNano - result.priceNano
    const lostNano = usedNano - (run.delivered.nano - deliveredBeforeNano)
    expect(lostNano, `${point}: the client lost`).toBeLessThanOrEqual(CHUNK_AND_HALF_NANO)
    expect(-lostNano, `${point}: the provider lost`).toBeLessThanOrEqual(CHUNK_AND_HALF_NANO)
  }
  const usedNano = usedTotalNano(run.client.desk.state)
  expect(run.client.funding.desks).toHaveLength(1)
  await settleAndStop(run)
  // Closed together: the chain paid what both sides agreed on after each end, to the last nanoTON.
  expect(await claimedNano(run)).toBe(usedNano)
  expect(othersNano).toBeLessThan(usedNano)
}

async function endAndGoOn(run: FaultRun, life: Life, victim: Victim, point: string, visit: number) {
  const { client, provider } = run
  const { fired, thrown, tookMs } = await endAt(run, life, victim, point, visit)
  expect(fired).toBe(true)
  // The caller of a dead client is dead too; everybody else gets an answer or a typed error.
  if (victim !== 'client' && thrown !== undefined) expect(thrown).toBeInstanceOf(CocoonError)
  expect(tookMs).toBeLessThan(END_LIMIT_MS * slowness())
  if (victim === 'client') await eventually(() => provider.sessions === 0)
  await restart(run, victim)
  // A provider that had stopped for good comes back with its disk.
  if (victim !== 'provider' && provider.isStopped) await provider.start()
  forgetPromises(run)
  const result = await client.chat({ maxTokens: 5 })
  await agree(run)
  return result
}

/** A stranger's chunk all along: kept promises would make later chunks larger. */
function forgetPromises({ client, provider }: FaultRun): void {
  client.store.setMeta(`kept-units:${provider.identity}`, '0')
  client.forgive()
}

async function checkLoss(run: FaultRun, laterNano: bigint): Promise<void> {
  const deliveredNano = run.delivered.nano + laterNano
  const claimed = await claimedNano(run)
  expect(claimed - deliveredNano, 'the client lost').toBeLessThanOrEqual(CHUNK_AND_HALF_NANO)
  expect(deliveredNano - claimed, 'the provider lost').toBeLessThanOrEqual(CHUNK_AND_HALF_NANO)
  const totals = network.devchain.totals()
  expect(totals.balancesNano + totals.feesNano).toBe(totals.genesisNano)
}

const LIVES: readonly Life[] = ['warm', 'together', 'alone']
let visited: ReadonlyMap<Life, ReadonlyMap<string, number>>
beforeAll(async () => {
  visited = new Map()
  const recordings = new Map<Life, ReadonlyMap<string, number>>()
  for (const life of LIVES) recordings.set(life, await recorded(life))
  visited = recordings
})

test('every step that the code knows is reached by a life, or is excused with a reason', () => {
  const reached = new Set(LIVES.flatMap((life) => [...(visited.get(life)?.keys() ?? [])]))
  const known = enumeratedPoints()
  expect(known.length).toBeGreaterThan(60)
  expect(known.filter((point) => !reached.has(point) && !(point in NOT_REACHED))).toEqual([])
  const stale = Object.keys(NOT_REACHED).filter((point) => reached.has(point))
  // A refusal to a stream that is being broken may or may not be tried.
  expect(stale.filter((point) => !point.includes('refusal'))).toEqual([])
  const excused = Object.keys(NOT_REACHED).filter((point) => !known.includes(point))
  expect(excused).toEqual([])
})

test('every transition of a channel and every effect of a meter has its step', () => {
  const reached = new Set(LIVES.flatMap((life) => [...(visited.get(life)?.keys() ?? [])]))
  const transitions = [clientChannel, providerChannel, meeting].flatMap((room) => Object.keys(room))
  expect(transitions.sort()).toEqual(Object.keys(CHANNEL_STEPS).sort())
  const steps = [...Object.values(CHANNEL_STEPS), ...Object.values(METER_STEPS)].filter(Boolean)
  expect(steps.filter((point) => !reached.has(point))).toEqual([])
})

test('the price of what is delivered counts the prompt as it is', async () => {
  const run = await beginRun(network, 'counts')
  const { usage } = await run.client.chat({ maxTokens: 4 })
  expect(usage.promptTokens).toBe(PROMPT_TOKENS)
  expect(CHAT.maxTokens).toBe(40)
  await settleAndStop(run)
})

const LONG = process.env['LONG'] === '1'

/** The short form ends each point at its first visit, in the first life that has it; LONG=1 at every visit. */
function pointsOf(life: Life): [string, number][] {
  const earlier = LIVES.slice(0, LIVES.indexOf(life)).map((one) => visited.get(one))
  return [...(visited.get(life) ?? [])].flatMap(([point, count]): [string, number][] => {
    if (point in NOT_REACHED) return []
    if (LONG) return Array.from({ length: count }, (_, at) => [point, at + 1])
    return earlier.some((one) => one?.has(point)) ? [] : [[point, 1]]
  })
}

describe.each(['provider', 'client', 'chain'] as const)('%s ends at every step', (victim) => {
  test('of answers on one channel', { timeout: 1_800_000 }, async () => {
    await endTogether(victim, pointsOf('warm'))
  })

  test.each(['together', 'alone'] as const)(
    'of a channel from its deposit to its end %s',
    { timeout: 3_600_000 },
    async (ending) => {
      const points = pointsOf(ending)
      expect(points.length).toBeGreaterThan(3)
      for (const [point, visit] of points) {
        await endAlone(ending, victim, point, visit).catch((error: unknown) => {
          network.gate.fault = 'none'
          throw new Error(`${point} (${visit})`, { cause: error })
        })
      }
    },
  )
})

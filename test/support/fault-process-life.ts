/**
 * One client and one provider with their chain endpoint and first peer, each a process of its own that
 * SIGKILL may end at a named moment; the ledger itself lives in the test and shows who lost what.
 */
import { Address } from '@ton/core'
import { expect } from 'vitest'
import { CHUNK_UNITS_MIN } from '#protocol/constants.ts'
import { unitsCostNano } from '#protocol/session/units.ts'
import { eventually } from './eventually.ts'
import { type FaultLedger, FaultProcess, type FaultReply } from './fault-processes.ts'
import { END_LIMIT_MS } from './fault-scenario.ts'
import { type RoleNetwork, startRoleNetwork } from './role-harness.ts'
import { PRICES } from './role-peers.ts'
import { slowness } from './slowness.ts'
import { steadyPort } from './steady-port.ts'

const PROVIDER = 'killed provider'
const CLIENT = 'killed client'

export const PROCESS_VICTIMS = ['provider', 'client', 'chain', 'first'] as const
export type ProcessVictim = (typeof PROCESS_VICTIMS)[number]

/** Answers on a channel that is there; a whole channel, closed together; one that its client closes alone. */
export const PROCESS_LIVES = ['warm', 'together', 'alone'] as const
export type ProcessLife = (typeof PROCESS_LIVES)[number]

const CHUNK_AND_HALF_NANO = unitsCostNano(
  { ...PRICES, promptNanoPerMtok: PRICES.completionNanoPerMtok },
  0,
  0,
  (CHUNK_UNITS_MIN * 3) / 2 + 1,
)

const AGAIN_TRIES_MAX = 3

export class FaultProcesses {
  readonly #network: RoleNetwork
  readonly #endpointPort: number
  readonly #running = {} as Record<ProcessVictim, FaultProcess>
  readonly #folders = {} as Record<ProcessVictim, string>
  #aheadMs = 0
  /** Of client processes that are no more. */
  #deliveredNano = 0n
  #providerIsStopped = false

  private constructor(network: RoleNetwork, endpointPort: number) {
    this.#network = network
    this.#endpointPort = endpointPort
  }

  static async start(): Promise<FaultProcesses> {
    const network = await startRoleNetwork()
    // The faucet fills the wallets that the processes will use.
    await network.wallet(`provider ${PROVIDER}`)
    await network.wallet(`client ${CLIENT}`)
    const processes = new FaultProcesses(network, await steadyPort())
    await Promise.all([processes.#start('chain'), processes.#start('first')])
    await processes.#start('provider')
    await processes.#start('client')
    return processes
  }

  async stop(): Promise<void> {
    await Promise.all(Object.values(this.#running).map((one) => one.kill()))
    await this.#network.stop()
  }

  /** The points that one undisturbed life reaches, on either side. */
  async visitsOf(life: ProcessLife): Promise<readonly string[]> {
    if (life === 'warm') await this.#warmUp()
    await this.#visits()
    for (const step of this.#stepsOf(life)) expectTold(await step())
    const visits = await this.#visits()
    await this.#makeWhole()
    await this.#settle()
    return visits
  }

  /** Answers until a channel is open, and rests. */
  async #warmUp(): Promise<void> {
    const { client } = this.#running
    const warm = await client.order({ kind: 'chat', maxTokens: 4 })
    expectTold(warm)
    expect(warm.tokens).toBe(4)
    await client.order({ kind: 'rest' })
  }

  /** One life with one end; then both sides agree, and the channel is closed: the chain shows the loss. */
  async endAt(life: ProcessLife, victim: ProcessVictim, point: string): Promise<void> {
    const { client, provider } = this.#running
    await client.order({ kind: 'rest' })
    const known = new Set((await this.#ledgersOf('client')).map(({ address }) => address))
    const deliveredBeforeNano = this.#allDeliveredNano
    if (life === 'warm') await this.#warmUp()
    const side = point.startsWith('client') ? client : provider
    const target = this.#running[victim]
    const isSelf = side === target
    let killedMs = Number.NaN
    target.child.once('exit', () => {
      killedMs = performance.now()
    })
    await side.order({ kind: 'arm', point, isSelf })
    if (!isSelf) side.atStep(() => target.kill())
    let ended: FaultReply | undefined
    for (const step of this.#stepsOf(life)) {
      ended = await step()
      if (!target.isAlive) break
    }
    if (target.isAlive) throw new Error('this life never came there')
    // An answer, or a typed error, within 10 s; who is killed has nobody to tell.
    expect(performance.now() - killedMs).toBeLessThan(END_LIMIT_MS * slowness())
    expect(ended?.code).not.toBe('INTERNAL')
    await this.#start(victim)
    await this.#makeWhole()
    await this.#answersAgain()
    await this.#agree()
    await this.#settle()
    await this.#checkLoss(known, this.#allDeliveredNano - deliveredBeforeNano)
  }

  /** Its first try may find what was just started still busy with its start. */
  async #answersAgain(): Promise<void> {
    const { client } = this.#running
    let again: FaultReply | undefined
    for (let tries = 0; tries < AGAIN_TRIES_MAX && again?.tokens !== 6; tries++) {
      if (again !== undefined) await client.order({ kind: 'rest' })
      again = await client.order({ kind: 'chat', maxTokens: 6 })
    }
    if (again !== undefined) expectTold(again)
    expect(again?.tokens).toBe(6)
  }

  #stepsOf(life: ProcessLife): readonly (() => Promise<FaultReply>)[] {
    const chat = (maxTokens: number, readTokensMax = maxTokens) => {
      return () => this.#running.client.order({ kind: 'chat', maxTokens, readTokensMax })
    }
    if (life === 'warm') return [chat(40), chat(40, 8)]
    const settle = () => this.#running.client.order({ kind: 'settle' })
    if (life === 'together') return [chat(40), chat(40, 8), settle]
    return [
      chat(20),
      () => this.#running.client.order({ kind: 'settle-alone' }),
      () => {
        this.#providerIsStopped = true
        return this.#running.provider.order({ kind: 'stop' })
      },
      async () => {
        await this.#advance()
        return settle()
      },
    ]
  }

  /** A provider that had stopped for good comes back with its disk. */
  async #makeWhole(): Promise<void> {
    if (this.#providerIsStopped) {
      await this.#running.provider.kill()
      await this.#start('provider')
    }
    await this.#running.client.order({ kind: 'rest' })
    for (const side of ['client', 'provider'] as const) {
      await this.#running[side].order({ kind: 'disarm' })
    }
  }

  async #agree(): Promise<void> {
    const ours = (await this.#ledgersOf('client')).at(-1)
    await eventually(async () => {
      const theirs = await this.#ledgersOf('provider')
      const same = theirs.find(({ address }) => address === ours?.address)
      return JSON.stringify(same) === JSON.stringify(ours)
    })
    expect(ours?.status).toBe('open')
  }

  /** Together where it can be, else after the delay. */
  async #settle(): Promise<void> {
    await this.#running.client.order({ kind: 'settle' })
    const isOver = async () =>
      (await this.#ledgersOf('client')).every(({ status }) => status === 'closed')
    if (await isOver()) return
    // Clocks are about to jump over the looks that a provider takes at the chain: it claims first.
    this.#providerIsStopped = true
    expectTold(await this.#running.provider.order({ kind: 'stop' }))
    await this.#advance()
    expectTold(await this.#running.client.order({ kind: 'settle' }))
    expect(await isOver()).toBe(true)
    await this.#makeWhole()
  }

  async #checkLoss(known: ReadonlySet<string>, deliveredNano: bigint): Promise<void> {
    let claimedNano = 0n
    for (const { address } of await this.#ledgersOf('client')) {
      if (known.has(address)) continue
      const seen = await this.#network.chain.channel(Address.parseRaw(address))
      expect(seen?.closed ?? true).toBe(true)
      claimedNano += seen?.claimedNano ?? 0n
    }
    expect(claimedNano - deliveredNano, 'the client lost').toBeLessThanOrEqual(CHUNK_AND_HALF_NANO)
    expect(deliveredNano - claimedNano, 'the provider lost').toBeLessThanOrEqual(
      CHUNK_AND_HALF_NANO,
    )
    expect(claimedNano).toBeGreaterThan(0n)
    const totals = this.#network.devchain.totals()
    expect(totals.balancesNano + totals.feesNano).toBe(totals.genesisNano)
  }

  get #allDeliveredNano(): bigint {
    return this.#deliveredNano + this.#running.client.deliveredNano
  }

  async #ledgersOf(side: 'client' | 'provider'): Promise<readonly FaultLedger[]> {
    return (await this.#running[side].order({ kind: 'ledgers' })).ledgers ?? []
  }

  async #visits(): Promise<readonly string[]> {
    const sides = [this.#running.client, this.#running.provider]
    const visits = await Promise.all(sides.map((one) => one.order({ kind: 'visits' })))
    return visits.flatMap((one) => one.visits ?? [])
  }

  /** Past the delay after which a client may take its deposit back. */
  async #advance(): Promise<void> {
    const seconds = this.#network.file.closeDelay + 1
    this.#network.advance(seconds)
    this.#aheadMs += seconds * 1_000
    const { client, provider } = this.#running
    const order = { kind: 'advance', aheadMs: this.#aheadMs } as const
    await Promise.all([client.order(order), provider.order(order)])
  }

  async #start(victim: ProcessVictim): Promise<void> {
    const running = this.#running
    const url = `http://127.0.0.1:${this.#endpointPort}`
    this.#folders[victim] ??= this.#network.folder()
    const dataDir = this.#folders[victim]
    const file = { ...this.#network.file, chainUrl: url }
    const base = { file, dataDir, aheadMs: this.#aheadMs }
    if (victim === 'chain') {
      const parameters = [this.#network.devchain.url, `${this.#endpointPort}`]
      running.chain = await FaultProcess.start('fault-endpoint-process.ts', parameters)
    } else if (victim === 'first') {
      const first = { ...base, role: 'first', name: 'first', bootstrap: [] } as const
      running.first = await FaultProcess.peer(first)
    } else if (victim === 'provider') {
      const bootstrap = running.first.addresses
      const provider = { ...base, role: 'provider', name: PROVIDER, bootstrap } as const
      running.provider = await FaultProcess.peer(provider)
      this.#providerIsStopped = false
      // It listens on another port now: what its next offer would tell.
      await running.client?.order({ kind: 'moved', addresses: running.provider.addresses })
    } else {
      this.#deliveredNano += running.client?.deliveredNano ?? 0n
      const bootstrap = running.first.addresses
      const provider = { name: PROVIDER, addresses: running.provider.addresses }
      const client = { ...base, role: 'client', name: CLIENT, bootstrap, provider } as const
      running.client = await FaultProcess.peer(client)
    }
  }
}

function expectTold({ code, text }: FaultReply): void {
  if (code !== undefined) throw new Error(`${code}: ${text}`)
}

/**
 * Traffic and churn for as long as one likes, in one process: real roles over real libp2p hosts on loopback
 * and real settlement on an embedded chain, with a SIMULATED engine and TEE. Clients ask and abandon,
 * providers die and come back on other ports, the chain falls and rises.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { asCocoonError } from '#protocol/errors.ts'
import { usedTotalNano } from '#settlement/channel/state.ts'
import type { ChainFault } from '../support/fault-chain.ts'
import { overLoopback } from '../support/loopback-network.ts'
import { type RoleNetwork, startRoleNetwork } from '../support/role-harness.ts'
import { TestClient, TestProvider } from '../support/role-peers.ts'
import { Meter, type Sample, type Slopes, slopesOf } from './measure.ts'

export interface SoakOptions {
  readonly durationMs: number
  /** Goes on for longer until so many were whole, and each kind of churn happened twice. */
  readonly answersMin: number
  readonly sampleEveryMs: number
  readonly providers: number
  readonly clients: number
  readonly onSample: (sample: Sample) => void
}

export interface SoakReport {
  readonly answers: number
  readonly abandoned: number
  readonly providerDeaths: number
  readonly chainFalls: number
  /** Ends of answers that were no answer, by code. */
  readonly refusals: Readonly<Record<string, number>>
  readonly samples: readonly Sample[]
  readonly slopes: Slopes
  /** Claimed on the chain less what both sides agreed was used: credit that a lone close gave away. */
  readonly overpaidNano: bigint
  readonly conservedNano: bigint
}

const CHAIN_FAULTS: readonly ChainFault[] = ['stopped', 'erroring', 'slow']

export async function soak(options: SoakOptions): Promise<SoakReport> {
  const network = await overLoopback(await startRoleNetwork())
  const run = new Soak(network, options)
  try {
    return await run.run()
  } finally {
    await network.stop()
  }
}

class Soak {
  readonly #network: RoleNetwork
  readonly #options: SoakOptions
  readonly #providers: TestProvider[] = []
  readonly #clients: TestClient[] = []
  readonly #refusals = new Map<string, number>()
  readonly #meter = new Meter()
  #answers = 0
  #abandoned = 0
  #deaths = 0
  #falls = 0
  #isOver = false

  constructor(network: RoleNetwork, options: SoakOptions) {
    this.#network = network
    this.#options = options
  }

  async run(): Promise<SoakReport> {
    const { durationMs, providers, clients } = this.#options
    for (let at = 0; at < providers; at++) {
      this.#providers.push(await TestProvider.start(this.#network, `provider-${at}`))
    }
    for (let at = 0; at < clients; at++) {
      // Each asks them in an order of its own.
      const order = this.#providers.map((_, step) => this.#providers[(at + step) % providers]!)
      this.#clients.push(await TestClient.start(this.#network, `client-${at}`, order))
    }
    const work = [
      ...this.#clients.map((client, at) => this.#traffic(client, at)),
      this.#churn(),
      this.#watch(),
    ]
    await wait(durationMs)
    const { answersMin } = this.#options
    while (this.#answers < answersMin || this.#deaths < 2 || this.#falls < 2) await wait(100)
    this.#isOver = true
    await Promise.all(work)
    return this.#settle()
  }

  async #traffic(client: TestClient, number: number): Promise<void> {
    for (let turn = 0; !this.#isOver; turn++) {
      const isAbandoned = (turn + number) % 7 === 0
      const chat = client.chatEvents({ maxTokens: 8 + ((turn * 13) % 48), seed: BigInt(turn) })
      try {
        for await (const event of chat) {
          if (event.kind === 'done') this.#answers++
          if (event.kind === 'text' && isAbandoned) break
        }
        if (isAbandoned) this.#abandoned++
      } catch (error) {
        const { code } = asCocoonError(error)
        this.#refusals.set(code, (this.#refusals.get(code) ?? 0) + 1)
        client.forgive()
        await wait(200)
      }
      // What a test collects would look like a leak.
      client.events.length = 0
    }
  }

  async #churn(): Promise<void> {
    const { durationMs } = this.#options
    const pauseMs = Math.min(5_000, durationMs / 8)
    for (let turn = 0; !this.#isOver; turn++) {
      await wait(pauseMs)
      const provider = this.#providers[turn % this.#providers.length]
      if (turn % 2 === 0 && provider !== undefined) {
        // In order: an end without warning would leave its objects behind in this one process.
        await provider.stop()
        await provider.start()
        this.#deaths++
      } else {
        this.#network.gate.slowMs = 200
        this.#network.gate.fault = CHAIN_FAULTS[turn % CHAIN_FAULTS.length] ?? 'stopped'
        await wait(pauseMs / 5)
        this.#network.gate.fault = 'none'
        this.#falls++
      }
      for (const one of this.#providers) one.events.length = 0
    }
    this.#network.gate.fault = 'none'
  }

  async #watch(): Promise<void> {
    while (!this.#isOver) {
      await wait(this.#options.sampleEveryMs)
      const openStreams = this.#providers.map((provider) => provider.sessions)
      this.#options.onSample(this.#meter.sample(this.#answers, openStreams))
    }
    this.#meter.stop()
  }

  async #settle(): Promise<SoakReport> {
    let claimedNano = 0n
    let usedNano = 0n
    for (const client of this.#clients) await client.settle()
    for (const provider of this.#providers) await provider.stop()
    this.#network.advance(this.#network.file.closeDelay + 1)
    for (const client of this.#clients) {
      await client.settle()
      for (const desk of client.funding.desks) {
        const seen = await this.#network.chain.channel(desk.state.address)
        claimedNano += seen?.claimedNano ?? 0n
        usedNano += usedTotalNano(desk.state)
      }
      await client.stop()
    }
    const totals = this.#network.devchain.totals()
    return {
      answers: this.#answers,
      abandoned: this.#abandoned,
      providerDeaths: this.#deaths,
      chainFalls: this.#falls,
      refusals: Object.fromEntries(this.#refusals),
      samples: this.#meter.samples,
      slopes: slopesOf(this.#meter.samples),
      overpaidNano: claimedNano - usedNano,
      conservedNano: totals.balancesNano + totals.feesNano - totals.genesisNano,
    }
  }
}

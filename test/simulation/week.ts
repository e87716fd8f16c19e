/**
 * A week of traffic in simulated time. Real: both desks, the settlement rules, SQLite and its recovery, the
 * channel contract. SIMULATED: engine and network (a message is a call that may be lost), the disks (power
 * cuts), the clock, and the way to the chain (down, stale, lost, unseen).
 */
import { auditStore } from '#node/audit/audit.ts'
import { type AuditReport, reportOf } from '#node/audit/report.ts'
import type { ClientDesk } from '#node/roles/client/channel-desk.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { CocoonError } from '#protocol/errors.ts'
import {
  claimMessage,
  coopCloseMessage,
  destroyMessage,
  finishMessage,
  startCloseMessage,
  topUpMessage,
} from '#settlement/wallet/messages.ts'
import { answer, closeTogether, meetAgain, type Pair } from '../support/settling/conversation.ts'
import { Random } from './random.ts'
import { NO_FAULTS, WEEK_GLOBAL_ID, WeekChain } from './week-chain.ts'
import { WeekClient, WeekProvider } from './week-peer.ts'

export interface WeekOptions {
  readonly seed: number
  readonly clients: number
  readonly providers: number
  readonly hours: number
  /** An empty folder; in memory it is faster. */
  readonly folder: string
}

export interface WeekResult {
  readonly report: AuditReport
  readonly counts: Readonly<Record<string, number>>
}

const CLOSE_DELAY_S = 6 * 3_600
const DEPOSIT_NANO = 400_000n
const CLAIM_ABOVE_NANO = 60_000n
const FAULTS = { down: 0.03, stale: 0.03, lost: 0.03, unseen: 0.03 }
/** Hours after the last traffic in which everything is closed. */
const END_HOURS = 8

class LineBroken extends Error {}

export async function simulateWeek(options: WeekOptions): Promise<WeekResult> {
  const week = await Week.start(options)
  for (let hour = 0; hour < options.hours; hour++) await week.hour()
  return week.end()
}

class Week {
  readonly #chain: WeekChain
  readonly #random: Random
  readonly #clients: readonly WeekClient[]
  readonly #providers: readonly WeekProvider[]
  readonly #counts: Record<string, number> = {}
  readonly #destroyed = new Set<string>()
  #requests = 0

  private constructor(
    chain: WeekChain,
    random: Random,
    clients: readonly WeekClient[],
    providers: readonly WeekProvider[],
  ) {
    this.#chain = chain
    this.#random = random
    this.#clients = clients
    this.#providers = providers
  }

  static async start(options: WeekOptions): Promise<Week> {
    const random = new Random(options.seed)
    const chain = await WeekChain.start(random)
    const peerOptions = async (name: string) => {
      return { name, root: options.folder, chain, wallet: await chain.party(name) }
    }
    const clients: WeekClient[] = []
    const providers: WeekProvider[] = []
    for (let at = 0; at < options.clients; at++) {
      clients.push(new WeekClient(await peerOptions(`client-${at}`)))
    }
    for (let at = 0; at < options.providers; at++) {
      providers.push(new WeekProvider(await peerOptions(`provider-${at}`)))
    }
    for (const peer of [...clients, ...providers]) peer.open()
    return new Week(chain, random, clients, providers)
  }

  async hour(): Promise<void> {
    this.#chain.faults = FAULTS
    for (const client of this.#clients) {
      if (this.#random.chance(0.4)) await this.#tolerating(() => this.#ask(client))
      if (this.#random.chance(0.01)) await this.#tolerating(() => this.#close(client))
      await this.#endings(client)
    }
    for (const provider of this.#providers) await this.#watch(provider, CLAIM_ABOVE_NANO)
    for (const peer of [...this.#clients, ...this.#providers]) {
      if (this.#random.chance(0.02)) this.#crash(peer)
    }
    this.#chain.advance(3_600)
  }

  /** One request to one of a client's few providers, over a line that may break anywhere. */
  async #ask(client: WeekClient): Promise<void> {
    const provider = this.#pickProvider(client)
    const desk = await this.#channelWith(client, provider)
    const pair = this.#pairOf(client, provider, desk)
    const lives = `${client.life} ${provider.life}`
    if (client.met.get(desk.address) !== lives) {
      meetAgain(pair)
      client.met.set(desk.address, lives)
    }
    const requestId = (++this.#requests).toString(16).padStart(32, '0')
    try {
      answer(pair, requestId, this.#random.below(120))
      this.#count('requests answered')
    } catch (error) {
      client.met.delete(desk.address)
      throw error
    }
  }

  /** Each client has three providers that it likes. */
  #pickProvider(client: WeekClient): WeekProvider {
    const first = this.#clients.indexOf(client)
    const at = (first * 7 + this.#random.below(3)) % this.#providers.length
    return this.#providers[at]!
  }

  async #channelWith(client: WeekClient, provider: WeekProvider): Promise<ClientDesk> {
    const { reader, nowS } = this.#chain
    const isWith = (desk: ClientDesk) =>
      Buffer.from(desk.state.terms.providerKey).equals(provider.settlementKey.publicKey)
    const isUsable = ({ state }: ClientDesk) =>
      (state.status === 'open' || state.status === 'opening') && state.terms.expiresAt > nowS + 600
    const known = client.desks.find((desk) => isWith(desk) && isUsable(desk))
    const desk = known ?? this.#create(client, provider)
    desk.observe(await reader.channel(desk.state.address))
    const leftNano = desk.state.depositedNano - desk.state.best.amountNano
    if (desk.state.status === 'opening' || leftNano < 150_000n) {
      await this.#chain.send(client.wallet, topUpMessage(desk.state.terms, DEPOSIT_NANO))
      desk.observe(await reader.channel(desk.state.address))
      this.#count('deposits')
    }
    provider.deskOf(desk).observe(await reader.channel(desk.state.address))
    return desk
  }

  #create(client: WeekClient, provider: WeekProvider): ClientDesk {
    this.#count('channels')
    return client.create({
      globalId: WEEK_GLOBAL_ID,
      client: client.wallet.address,
      provider: provider.wallet.address,
      providerKey: provider.settlementKey.publicKey,
      closeDelay: CLOSE_DELAY_S,
      expiresAt: this.#chain.nowS + 86_400 * (1 + this.#random.below(6)),
    })
  }

  #pairOf(client: WeekClient, provider: WeekProvider, desk: ClientDesk): Pair {
    const mayBreak = (): void => {
      if (this.#chain.faults !== NO_FAULTS && this.#random.chance(0.004)) {
        this.#count('lines broken')
        throw new LineBroken()
      }
      if (this.#chain.faults !== NO_FAULTS && this.#random.chance(0.002)) {
        this.#crash(this.#random.chance(0.5) ? client : provider)
        throw new LineBroken()
      }
    }
    return {
      ...{ client: desk, provider: provider.deskOf(desk), settlementKey: provider.settlementKey },
      wire: { voucherSent: mayBreak, providerSent: mayBreak },
      nowS: () => this.#chain.nowS,
    }
  }

  #crash(peer: WeekClient | WeekProvider): void {
    this.#count('power cuts')
    peer.crash(this.#random)
  }

  /** Together when the provider answers and the chain takes it, else alone. */
  async #close(client: WeekClient): Promise<void> {
    const open = client.desks.filter(({ state }) => state.status === 'open')
    if (open.length === 0) return
    const desk = this.#random.pick(open)
    const provider = this.#providerOf(desk)
    if (this.#random.chance(0.3)) {
      desk.beginClosing()
      return this.#chain.send(client.wallet, startCloseMessage(desk.state.terms))
    }
    const pair = this.#pairOf(client, provider, desk)
    meetAgain(pair)
    client.met.delete(desk.address)
    const closeAuth = closeTogether(pair)
    desk.observe(await this.#chain.reader.channel(desk.state.address))
    desk.checkCloseAuth(closeAuth)
    await this.#chain.send(client.wallet, coopCloseMessage(desk.state.terms, closeAuth))
    this.#count('closed together')
  }

  #providerOf(desk: ClientDesk): WeekProvider {
    return this.#providers.find(({ settlementKey }) =>
      Buffer.from(settlementKey.publicKey).equals(desk.state.terms.providerKey),
    )!
  }

  /** What a client does about channels that end: start, finish, destroy. */
  async #endings(client: WeekClient): Promise<void> {
    const { reader } = this.#chain
    for (const desk of client.desks) {
      const { terms, status } = desk.state
      const isOver = this.#chain.nowS > terms.expiresAt + terms.closeDelay
      if (!isOver && (status === 'open' || status === 'closed')) continue
      if (this.#destroyed.has(desk.address)) continue
      await this.#tolerating(async () => {
        const seen = await reader.channel(desk.state.address)
        desk.observe(seen)
        if (seen === undefined) return
        const message = seen.closed
          ? isOver && destroyMessage(terms)
          : isOver || (seen.closeAt !== 0 && seen.closeAt <= this.#chain.nowS)
            ? finishMessage(terms)
            : status === 'closing' && seen.closeAt === 0 && startCloseMessage(terms)
        if (!message) return
        await this.#chain.send(client.wallet, message)
        if (seen.closed) this.#destroyed.add(desk.address)
        this.#count(seen.closed ? 'destroyed' : 'closed alone')
      })
    }
  }

  /** Claims when much is unclaimed, and whatever there is when a channel ends. */
  async #watch(provider: WeekProvider, aboveNano: bigint): Promise<void> {
    for (const desk of provider.desks.values()) {
      const { best, claimedNano, terms, status } = desk.state
      if (best.signed === undefined || (status === 'closed' && best.amountNano <= claimedNano))
        continue
      await this.#tolerating(async () => {
        const seen = await this.#chain.reader.channel(desk.state.address)
        desk.observe(seen)
        if (seen === undefined || seen.closed || best.amountNano <= seen.claimedNano) return
        const isEnding = seen.closeAt !== 0 || this.#chain.nowS >= terms.expiresAt
        if (seen.closeAt === 0 && this.#chain.nowS <= desk.closeAuthUntilS) return
        if (!isEnding && best.amountNano - seen.claimedNano < aboveNano) return
        await this.#chain.send(provider.wallet, claimMessage(terms, best.signed!))
        this.#count('claims')
      })
    }
  }

  /** What the design refuses or cannot reach is counted; anything else ends the test. */
  async #tolerating(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (error instanceof LineBroken) return
      if (!(error instanceof CocoonError)) throw error
      this.#count(error.code)
    }
  }

  #count(what: string): void {
    this.#counts[what] = (this.#counts[what] ?? 0) + 1
  }

  /** Everything is claimed and closed over a chain that works, then both sides of each channel are audited. */
  async end(): Promise<WeekResult> {
    this.#chain.faults = NO_FAULTS
    for (let hour = 0; hour < END_HOURS; hour++) {
      for (const provider of this.#providers) await this.#watch(provider, 1n)
      for (const client of this.#clients) {
        if (hour === 0) for (const desk of client.desks) desk.beginClosing()
        await this.#endings(client)
      }
      this.#chain.advance(CLOSE_DELAY_S)
    }
    const audits = []
    for (const { store } of [...this.#clients, ...this.#providers]) {
      const { reader } = this.#chain
      audits.push(...(await auditStore({ crypto: nodeCrypto, chain: reader, store })).channels)
    }
    const { counts } = this.#chain
    const chain = Object.entries(counts).map(([what, count]) => [`chain: ${what}`, count])
    const all = { ...this.#counts, ...Object.fromEntries(chain) }
    return { report: reportOf(audits), counts: all }
  }
}

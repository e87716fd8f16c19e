/** A client or a provider of the simulated week: the real store on a SIMULATED disk, and its desks. */
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { ClientDesk } from '#node/roles/client/channel-desk.ts'
import { ProviderDesk } from '#node/roles/provider/channel-desk.ts'
import type { PeerStore } from '#node/store/peer-store.ts'
import { openPeerStore } from '#node/store/sqlite-store.ts'
import type { CryptoPort, Ed25519KeyPair } from '#protocol/crypto/port.ts'
import { decodeChannelState } from '#settlement/channel/codec.ts'
import { newChannel } from '#settlement/channel/state.ts'
import type { ChannelTerms } from '#settlement/types.ts'
import { LOSSES, SimulatedDisk } from '../crash/disk/simulated-disk.ts'
import { mountDisk } from '../crash/disk/sqlite-vfs.ts'
import type { Party } from '../settlement/sandbox-bench.ts'
import { seededCrypto } from '../support/settling/billing.ts'
import type { Random } from './random.ts'
import type { WeekChain } from './week-chain.ts'

export interface WeekPeerOptions {
  readonly name: string
  readonly root: string
  readonly chain: WeekChain
  readonly wallet: Party
}

abstract class WeekPeer {
  readonly name: string
  readonly wallet: Party
  readonly crypto: CryptoPort
  readonly clock: { nowMs(): number }
  readonly #folder: string
  #disk = new SimulatedDisk()
  store!: PeerStore
  /** Counts up with each crash: sessions of an earlier life are over. */
  life = 0

  constructor({ name, root, chain, wallet }: WeekPeerOptions) {
    this.name = name
    this.wallet = wallet
    this.crypto = seededCrypto(name)
    this.clock = { nowMs: () => chain.nowS * 1000 }
    this.#folder = path.join(root, name)
    mkdirSync(this.#folder)
  }

  /** The power is cut: what was not synced is dropped, torn or reordered. */
  crash(random: Random): void {
    const left = this.#disk.image(random.pick(LOSSES))
    // What the dead process still holds must not reach its disk.
    this.#disk.faultAt = 0
    this.store.close()
    this.#disk = new SimulatedDisk(left)
    this.open()
  }

  open(): void {
    this.life++
    mountDisk(this.#disk)
    this.store = openPeerStore(this.#folder)
    this.load()
  }

  protected abstract load(): void
}

export class WeekClient extends WeekPeer {
  desks: ClientDesk[] = []
  /** Life of both sides when they last met, by channel. */
  readonly met = new Map<string, string>()

  protected load(): void {
    this.desks = ClientDesk.loadAll(this)
  }

  create(terms: Omit<ChannelTerms, 'clientKey' | 'salt'>): ClientDesk {
    const desk = ClientDesk.create(this, terms)
    this.desks.push(desk)
    return desk
  }
}

export class WeekProvider extends WeekPeer {
  readonly settlementKey: Ed25519KeyPair
  desks = new Map<string, ProviderDesk>()

  constructor(options: WeekPeerOptions) {
    super(options)
    this.settlementKey = this.crypto.ed25519FromSeed(this.crypto.randomBytes(32))
  }

  protected load(): void {
    const rows = this.store.loadChannels('provider')
    const states = rows.map((row) => decodeChannelState(JSON.parse(row.stateJson)))
    this.desks = new Map(
      states.map((state) => [state.address.toRawString(), new ProviderDesk(this, state)]),
    )
  }

  deskOf(client: ClientDesk): ProviderDesk {
    const known = this.desks.get(client.address)
    if (known !== undefined) return known
    const desk = new ProviderDesk(this, newChannel('provider', client.state.terms))
    this.desks.set(desk.address, desk)
    return desk
  }
}

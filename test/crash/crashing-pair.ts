/** A client and a provider, each on a SIMULATED disk; one of the disks fails at a write point. */
import { Address } from '@ton/core'
import { ClientDesk } from '#node/roles/client/channel-desk.ts'
import { ProviderDesk } from '#node/roles/provider/channel-desk.ts'
import type { PeerStore } from '#node/store/peer-store.ts'
import { openPeerStore } from '#node/store/sqlite-store.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { decodeChannelState } from '#settlement/channel/codec.ts'
import { newChannel } from '#settlement/channel/state.ts'
import type { ChannelOnChain, SignedBytes } from '#settlement/types.ts'
import { seededCrypto } from '../support/settling/billing.ts'
import { answer, closeTogether, meetAgain, type Pair } from '../support/settling/conversation.ts'
import { SimulatedDisk } from './disk/simulated-disk.ts'
import { mountDisk } from './disk/sqlite-vfs.ts'

export type Side = 'client' | 'provider'

const NOW_S = 1_795_000_000
const DEPOSIT_NANO = 10_000_000n
const clock = { nowMs: () => NOW_S * 1000 }
const settlementKey = nodeCrypto.ed25519FromSeed(new Uint8Array(32).fill(4))
const addressOf = (byte: number) => new Address(0, Buffer.alloc(32, byte))

/** What one side has told the other; it must be on its disk whatever happens. */
export interface Promises {
  /** In the order in which they left the client. */
  readonly vouchers: SignedBytes[]
  /** Of the provider's best voucher when something that rests on it left. */
  servedOnNano: bigint
  closeAuth: SignedBytes | undefined
  receiptsSent: number
}

export class CrashingPair {
  readonly disks: Record<Side, SimulatedDisk>
  readonly promises: Promises
  readonly #folders: Record<Side, string>
  readonly #crypto = seededCrypto('crash')
  stores: Partial<Record<Side, PeerStore>> = {}
  client: ClientDesk | undefined
  provider: ProviderDesk | undefined

  constructor(
    folders: Record<Side, string>,
    disks = { client: new SimulatedDisk(), provider: new SimulatedDisk() },
    promises: Promises = {
      ...{ vouchers: [], servedOnNano: 0n, closeAuth: undefined, receiptsSent: 0 },
    },
  ) {
    this.#folders = folders
    this.disks = disks
    this.promises = promises
  }

  /** Opens both stores and what they hold of the channel. */
  open(): void {
    for (const side of ['client', 'provider'] as const) {
      mountDisk(this.disks[side])
      this.stores[side] = openPeerStore(this.#folders[side])
    }
    const [client] = ClientDesk.loadAll(this.#clientParts())
    this.client = client
    const [row] = this.stores.provider!.loadChannels('provider')
    if (row === undefined) return
    const state = decodeChannelState(JSON.parse(row.stateJson))
    this.provider = new ProviderDesk(this.#providerParts(), state)
  }

  close(): void {
    this.stores.client?.close()
    this.stores.provider?.close()
  }

  /** Two answers, one of them longer than a chunk, then a cooperative close. */
  live(): void {
    this.open()
    this.begin()
    answer(this.pair, '01'.repeat(16), 20)
    answer(this.pair, '02'.repeat(16), 7)
    this.end()
  }

  /** Creates the channel where it is not; both see the deposit and meet. */
  begin(): void {
    this.client ??= ClientDesk.create(this.#clientParts(), {
      globalId: -3,
      client: addressOf(0x11),
      provider: addressOf(0x22),
      providerKey: settlementKey.publicKey,
      closeDelay: 3_600,
      expiresAt: NOW_S + 30 * 86_400,
    })
    const { terms } = this.client.state
    this.provider ??= new ProviderDesk(this.#providerParts(), newChannel('provider', terms))
    const seen: ChannelOnChain = {
      ...{ terms, depositedNano: DEPOSIT_NANO, claimedNano: 0n, closeAt: 0, closed: false },
      ...{ leafCount: 0, receiptsRoot: new Uint8Array(32) },
    }
    this.client.observe(seen)
    this.provider.observe(seen)
    if (this.client.state.status === 'open') meetAgain(this.pair)
  }

  end(): SignedBytes {
    const closeAuth = closeTogether(this.pair)
    this.promises.closeAuth = closeAuth
    return closeAuth
  }

  get pair(): Pair {
    const { promises } = this
    const { client, provider } = this
    if (client === undefined || provider === undefined) throw new Error('no channel yet')
    return {
      ...{ client, provider, settlementKey, nowS: () => NOW_S },
      wire: {
        voucherSent: (voucher) => promises.vouchers.push(voucher),
        providerSent: () => {
          promises.servedOnNano = provider.state.best.amountNano
          promises.receiptsSent++
        },
      },
    }
  }

  /** The same two after one of them lost power: its disk as `left` says, the other's as it was. */
  after(victim: Side, left: ReadonlyMap<string, Buffer>): CrashingPair {
    const survivor: Side = victim === 'client' ? 'provider' : 'client'
    const disks = {
      [victim]: new SimulatedDisk(left),
      [survivor]: new SimulatedDisk(this.disks[survivor].contents()),
    } as Record<Side, SimulatedDisk>
    const promises = { ...this.promises, vouchers: [...this.promises.vouchers] }
    return new CrashingPair(this.#folders, disks, promises)
  }

  #clientParts() {
    return { crypto: this.#crypto, clock, store: this.stores.client! }
  }

  #providerParts() {
    return { crypto: this.#crypto, clock, store: this.stores.provider!, settlementKey }
  }
}

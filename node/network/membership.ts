/**
 * Staying in the network. While a peer has fewer connections than it wants it dials its first
 * addresses and every peer it remembers from identify and the DHT, in random order: the first address
 * is only a first address, and when its peer dies the others carry on.
 */
import type { Peer } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { Logger } from 'pino'
import {
  DHT_QUERY_TIMEOUT_MS,
  DIAL_TIMEOUT_MS,
  JOIN_DIALS_MAX,
  JOIN_PAUSE_ALONE_MAX_MS,
  JOIN_PAUSE_FIRST_MS,
  JOIN_PAUSE_MAX_MS,
  PEERS_WANTED,
} from './constants.ts'
import type { Host } from './host.ts'

export class Membership {
  readonly #host: Host
  readonly #bootstrap: readonly Multiaddr[]
  readonly #log: Logger
  readonly #stopped = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #pauseMs = JOIN_PAUSE_FIRST_MS
  #round: Promise<void> | undefined

  constructor(host: Host, bootstrap: readonly string[], log: Logger) {
    this.#host = host
    this.#bootstrap = bootstrap.map((address) => multiaddr(address))
    this.#log = log
  }

  start(): void {
    this.#host.addEventListener('peer:disconnect', this.#onDisconnect)
    this.#host.addEventListener('peer:identify', this.#onIdentify)
    this.#runRound()
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    clearTimeout(this.#timer)
    this.#host.removeEventListener('peer:disconnect', this.#onDisconnect)
    this.#host.removeEventListener('peer:identify', this.#onIdentify)
    await this.#round
  }

  readonly #onDisconnect = (): void => {
    if (this.#connectionCount() >= PEERS_WANTED) return
    this.#pauseMs = JOIN_PAUSE_FIRST_MS
    this.#schedule()
  }

  /** The first known peer makes the DHT worth asking: fill the routing table at once, not in 5 minutes. */
  readonly #onIdentify = (): void => {
    this.#host.removeEventListener('peer:identify', this.#onIdentify)
    const signal = AbortSignal.any([
      this.#stopped.signal,
      AbortSignal.timeout(DHT_QUERY_TIMEOUT_MS),
    ])
    this.#host.services.dht.refreshRoutingTable({ signal }).catch((error: unknown) => {
      this.#log.debug({ error: String(error) }, 'routing table refresh ended early')
    })
  }

  #connectionCount(): number {
    return this.#host.getPeers().length
  }

  #schedule(): void {
    if (this.#stopped.signal.aborted || this.#timer !== undefined) return
    const longestMs = this.#connectionCount() === 0 ? JOIN_PAUSE_ALONE_MAX_MS : JOIN_PAUSE_MAX_MS
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined
        this.#runRound()
      },
      Math.min(longestMs, this.#pauseMs),
    )
    this.#timer.unref()
    this.#pauseMs = Math.min(JOIN_PAUSE_MAX_MS, this.#pauseMs * 2)
  }

  #runRound(): void {
    if (this.#round !== undefined) return
    this.#round = this.#dialSome()
      .catch((error: unknown) => this.#log.debug({ error: String(error) }, 'joining failed'))
      .finally(() => {
        this.#round = undefined
        if (this.#connectionCount() < PEERS_WANTED) this.#schedule()
      })
  }

  async #dialSome(): Promise<void> {
    if (this.#connectionCount() >= PEERS_WANTED) return
    const connected = new Set(this.#host.getPeers().map(String))
    const remembered = (await this.#host.peerStore.all()).filter(
      (peer) => peer.addresses.length > 0 && !connected.has(peer.id.toString()),
    )
    const targets = [...this.#firstAddresses(connected), ...shuffled(remembered)]
    await Promise.all(targets.slice(0, JOIN_DIALS_MAX).map((target) => this.#dial(target)))
  }

  #firstAddresses(connected: ReadonlySet<string>): readonly Multiaddr[] {
    const isNews = (address: Multiaddr) => {
      const peerId = /\/p2p\/([^/]+)$/.exec(address.toString())?.[1]
      return peerId !== this.#host.peerId.toString() && !(peerId && connected.has(peerId))
    }
    return shuffled(this.#bootstrap.filter(isNews)).slice(0, JOIN_DIALS_MAX / 2)
  }

  async #dial(target: Multiaddr | Peer): Promise<void> {
    const signal = AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)])
    try {
      await this.#host.dial('id' in target ? target.id : target, { signal })
    } catch (error) {
      this.#log.debug({ error: String(error) }, 'a peer did not answer')
    }
  }
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}

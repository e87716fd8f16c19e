/**
 * SIMULATED network: `Transport` inside one process, without libp2p, sockets or timers. Deliveries
 * happen in the order they were caused (microtasks), so a test of rules repeats exactly. It passes the
 * contract suite that libp2p passes, test/contracts/transport.ts.
 */
import { TopicTable } from '#node/network/topic-table.ts'
import { toHex } from '#protocol/bytes.ts'
import { SESSION_MESSAGE_BYTES_MAX } from '#protocol/constants.ts'
import { ConfigError, ProtocolError, UnavailableError } from '#protocol/errors.ts'
import type {
  DialOptions,
  GossipValidator,
  MessageStream,
  PeerRef,
  Subscription,
  Transport,
} from '#protocol/transport.ts'

/** Bytes that one direction of a stream buffers before sends wait. */
const WINDOW_BYTES = 256 * 1024

export interface MemoryNetwork {
  /**
   * A peer linked to every earlier peer that `links` names; undefined: to all of them.
   * Gossip travels over links only; streams and the DHT reach everybody.
   */
  join(self: PeerRef, links?: readonly string[]): Transport
  /** Links two peers later. */
  link(peerId: string, otherPeerId: string): void
}

export function createMemoryNetwork(): MemoryNetwork {
  const peers = new Map<string, MemoryTransport>()
  /** DHT: key in hexadecimal to peer ids, in the order they announced themselves. */
  const providers = new Map<string, Set<string>>()
  return {
    join(self, links) {
      const peer = new MemoryTransport(self, peers, providers)
      for (const other of peers.values()) {
        if (links === undefined || links.includes(other.self.peerId)) peer.link(other)
      }
      peers.set(self.peerId, peer)
      return peer
    },
    link(peerId, otherPeerId) {
      const [peer, other] = [peers.get(peerId), peers.get(otherPeerId)]
      if (peer === undefined || other === undefined) throw new RangeError('no such peer')
      peer.link(other)
    },
  }
}

class MemoryTransport implements Transport {
  readonly self: PeerRef
  readonly #peers: Map<string, MemoryTransport>
  readonly #providers: Map<string, Set<string>>
  readonly #links = new Set<MemoryTransport>()
  readonly #handlers = new Map<string, (stream: MessageStream) => Promise<void>>()
  readonly #seen = new Set<string>()
  readonly #streams = new Set<MemoryStream>()
  readonly #topics = new TopicTable((error) => {
    throw error
  })
  #published = 0

  constructor(
    self: PeerRef,
    peers: Map<string, MemoryTransport>,
    providers: Map<string, Set<string>>,
  ) {
    this.self = self
    this.#peers = peers
    this.#providers = providers
  }

  link(other: MemoryTransport): void {
    this.#links.add(other)
    other.#links.add(this)
  }

  addresses(): readonly string[] {
    return [`/memory/${this.self.peerId}/p2p/${this.self.peerId}`]
  }

  peers(): readonly PeerRef[] {
    return [...this.#links].map((peer) => peer.self)
  }

  async openStream(
    peerId: string,
    protocol: string,
    options: DialOptions = {},
  ): Promise<MessageStream> {
    options.signal?.throwIfAborted()
    const other = this.#peers.get(peerId)
    const handler = other === undefined ? undefined : other.#handlers.get(protocol)
    if (other === undefined || other === this || handler === undefined) {
      throw new UnavailableError('PEER_UNREACHABLE', `cannot reach ${peerId} for ${protocol}`)
    }
    const [near, far] = MemoryStream.pair(this.self, other.self)
    this.#own(near)
    other.#own(far)
    queueMicrotask(() => {
      handler(far)
        .then(() => far.finish())
        .catch((error: unknown) => far.abort(error instanceof Error ? error : new Error('handler')))
    })
    return near
  }

  async handle(protocol: string, handler: (stream: MessageStream) => Promise<void>): Promise<void> {
    if (this.#handlers.has(protocol)) throw new ConfigError('HANDLER_TAKEN', protocol)
    this.#handlers.set(protocol, handler)
  }

  subscribe(
    topic: string,
    validator: GossipValidator,
    onMessage: (message: Uint8Array, from: PeerRef) => void,
  ): Subscription {
    const nothing = () => undefined
    return this.#topics.add(topic, { validator, onMessage }, { first: nothing, last: nothing })
  }

  async publish(topic: string, message: Uint8Array): Promise<void> {
    this.#published += 1
    const id = `${this.self.peerId}/${this.#published}`
    this.#seen.add(id)
    this.#forward(topic, message.slice(), this.self, id)
  }

  async provide(key: Uint8Array): Promise<void> {
    const name = toHex(key)
    this.#providers.set(name, (this.#providers.get(name) ?? new Set()).add(this.self.peerId))
  }

  async *findProviders(
    key: Uint8Array,
    signal?: AbortSignal,
  ): AsyncIterable<PeerRef & { readonly addresses: readonly string[] }> {
    for (const peerId of [...(this.#providers.get(toHex(key)) ?? [])]) {
      if (signal?.aborted) return
      const peer = this.#peers.get(peerId)
      if (peer !== undefined && peer !== this) yield { ...peer.self, addresses: peer.addresses() }
    }
  }

  async stop(): Promise<void> {
    this.#peers.delete(this.self.peerId)
    for (const other of this.#links) other.#links.delete(this)
    for (const stream of this.#streams) stream.abort(new Error('the peer stopped'))
  }

  #own(stream: MemoryStream): void {
    this.#streams.add(stream)
    stream.onDone(() => this.#streams.delete(stream))
  }

  #forward(topic: string, message: Uint8Array, from: PeerRef, id: string): void {
    for (const peer of this.#links) {
      queueMicrotask(() => peer.#receive(topic, message.slice(), from, id))
    }
  }

  #receive(topic: string, message: Uint8Array, from: PeerRef, id: string): void {
    if (this.#seen.has(id) || !this.#topics.has(topic)) return
    this.#seen.add(id)
    if (this.#topics.verdict(topic, message, from) !== 'accept') return
    this.#topics.deliver(topic, message, from)
    this.#forward(topic, message, from, id)
  }
}

/** One end of a stream; `#inbox` holds what the other end sent. */
class MemoryStream implements MessageStream {
  readonly remote: PeerRef
  #other!: MemoryStream
  #inbox: Uint8Array[] = []
  #inboxBytes = 0
  #readers: PromiseWithResolvers<Uint8Array | undefined>[] = []
  /** Senders of the other end that wait for room here. */
  #senders: PromiseWithResolvers<void>[] = []
  #ended = false
  #failure: Error | undefined
  #done: () => void = () => undefined

  private constructor(remote: PeerRef) {
    this.remote = remote
  }

  static pair(near: PeerRef, far: PeerRef): readonly [MemoryStream, MemoryStream] {
    const a = new MemoryStream(far)
    const b = new MemoryStream(near)
    a.#other = b
    b.#other = a
    return [a, b]
  }

  onDone(done: () => void): void {
    this.#done = done
  }

  async send(message: Uint8Array): Promise<void> {
    if (message.length > SESSION_MESSAGE_BYTES_MAX) {
      throw new ProtocolError('MESSAGE_TOO_LARGE', `a message of ${message.length} bytes`)
    }
    if (this.#failure !== undefined) throw this.#failure
    if (this.#other.#ended) throw broken('this side was closed')
    this.#other.#take(message.slice())
    while (this.#other.#inboxBytes > WINDOW_BYTES) {
      const room = Promise.withResolvers<void>()
      this.#other.#senders.push(room)
      await room.promise
    }
  }

  async receive(): Promise<Uint8Array | undefined> {
    const message = this.#inbox.shift()
    if (message !== undefined) {
      this.#inboxBytes -= message.length
      if (this.#inboxBytes <= WINDOW_BYTES / 2) this.#wakeSenders()
      return message
    }
    if (this.#failure !== undefined) throw this.#failure
    if (this.#ended) return undefined
    const reader = Promise.withResolvers<Uint8Array | undefined>()
    this.#readers.push(reader)
    return reader.promise
  }

  async close(): Promise<void> {
    if (this.#failure !== undefined || this.#other.#ended) return
    this.#other.#end()
    if (this.#ended) this.#finishBoth()
  }

  abort(reason: Error): void {
    this.#fail(reason)
    this.#other.#fail(reason)
    this.#finishBoth()
  }

  async finish(): Promise<void> {
    await this.close()
    this.#inbox = []
    this.#inboxBytes = 0
    this.#wakeSenders()
  }

  #take(message: Uint8Array): void {
    const reader = this.#readers.shift()
    if (reader === undefined) {
      this.#inbox.push(message)
      this.#inboxBytes += message.length
    } else {
      reader.resolve(message)
    }
  }

  #end(): void {
    this.#ended = true
    for (const reader of this.#readers.splice(0)) reader.resolve(undefined)
  }

  #fail(reason: Error): void {
    if (this.#ended && this.#other.#ended) return
    this.#failure ??= broken(reason.message)
    for (const reader of this.#readers.splice(0)) reader.reject(this.#failure)
    for (const sender of this.#senders.splice(0)) sender.reject(this.#failure)
  }

  #wakeSenders(): void {
    for (const sender of this.#senders.splice(0)) sender.resolve()
  }

  #finishBoth(): void {
    this.#done()
    this.#other.#done()
  }
}

function broken(detail: string): UnavailableError {
  return new UnavailableError('STREAM_RESET', `the stream broke: ${detail}`)
}

/** `Transport` over libp2p 3. See docs/spec/network.md. */
import { type Message, TopicValidatorResult } from '@chainsafe/libp2p-gossipsub'
import type { Connection, PeerId, Stream } from '@libp2p/interface'
import type { KadDHT, SingleKadDHT } from '@libp2p/kad-dht'
import { multiaddr } from '@multiformats/multiaddr'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { create as createDigest } from 'multiformats/hashes/digest'
import { sha256 } from 'multiformats/hashes/sha2'
import type { Logger } from 'pino'
import { ConfigError, UnavailableError } from '#protocol/errors.ts'
import { allTopics } from '#protocol/market/topics.ts'
import type {
  DialOptions,
  GossipValidator,
  MessageStream,
  PeerRef,
  Subscription,
  Transport,
} from '#protocol/transport.ts'
import {
  DHT_QUERY_TIMEOUT_MS,
  DIAL_TIMEOUT_MS,
  GOSSIP_MESSAGE_BYTES_MAX,
  KNOWN_CONNECTION_TIMEOUT_MS,
  PROTOCOL_STREAMS_MAX,
} from './constants.ts'
import { createHost, type Host, type HostOptions } from './host.ts'
import { Libp2pMessageStream } from './libp2p-stream.ts'
import { isLoopbackAddress, isPrivateAddress } from './loopback.ts'
import { Membership } from './membership.ts'
import { parsePeerId, peerRefOf } from './peer-ids.ts'
import { endRoutingRefresh } from './routing-refresh.ts'
import { TopicTable } from './topic-table.ts'

export interface Libp2pTransportOptions
  extends Omit<HostOptions, 'topics' | 'isLoopback' | 'isPrivate' | 'transports'> {
  /** First addresses, with or without `/p2p/...`; no peer behind them has a special role. */
  readonly bootstrap: readonly string[]
  /** Default `tcp`; `memory` stays inside this process. */
  readonly transports?: 'tcp' | 'memory'
  readonly log: Logger
}

export interface Libp2pTransport extends Transport {
  /**
   * Resolves when the routing table knows a peer, so that DHT queries have somebody to ask.
   * @throws the signal's reason
   */
  joined(signal: AbortSignal): Promise<void>
  /**
   * Connections that others opened to this peer: proof that it can be reached. Of a peer beyond
   * loopback only those from other machines count.
   */
  inboundCount(): number
  /** Gossipsub score of a peer; negative after it sent what validators rejected. */
  gossipScore(peerId: string): number
}

/** A live connection says at once that it will not: its peer needs no new one. */
const REFUSALS = new Set([
  'UnsupportedProtocolError',
  'TooManyOutboundProtocolStreamsError',
  'TooManyInboundProtocolStreamsError',
])

/** libp2p has no event for a routing table that gains its first peer. */
const TABLE_POLL_MS = 20

/**
 * Starts a host and begins to join; resolves when it listens.
 * @throws ConfigError ADDRESS_INVALID, LISTEN_FAILED
 */
export async function createLibp2pTransport(
  options: Libp2pTransportOptions,
): Promise<Libp2pTransport> {
  const addresses = options.listen.length > 0 ? options.listen : options.bootstrap
  checkAddresses([...options.listen, ...options.bootstrap])
  const isLoopback = addresses.every(isLoopbackAddress)
  const host = await listening({
    ...options,
    transports: options.transports ?? 'tcp',
    topics: allTopics(options.globalId),
    isLoopback,
    isPrivate: addresses.every(isPrivateAddress),
  })
  const transport = new HostTransport(host, options, isLoopback)
  transport.start()
  return transport
}

async function listening(options: HostOptions): Promise<Host> {
  try {
    return await createHost(options)
  } catch (cause) {
    const why = isTaken(cause) ? ': another program has the port' : ''
    throw new ConfigError('LISTEN_FAILED', `cannot listen on ${options.listen.join(', ')}${why}`, {
      cause,
      remedy: 'Choose a free port or an address of this machine.',
    })
  }
}

/** libp2p gathers the failures of all its listeners in one error, some of them only as text. */
function isTaken(thrown: unknown): boolean {
  if (thrown instanceof AggregateError && thrown.errors.some(isTaken)) return true
  if (!(thrown instanceof Error)) return false
  return (
    /EADDRINUSE/.test(`${thrown.message} ${Reflect.get(thrown, 'code')}`) || isTaken(thrown.cause)
  )
}

function checkAddresses(addresses: readonly string[]): void {
  for (const address of addresses) {
    try {
      multiaddr(address)
    } catch (cause) {
      throw new ConfigError('ADDRESS_INVALID', `not a multiaddr: ${address}`, {
        cause,
        remedy: 'Write it like /ip4/127.0.0.1/tcp/4001.',
      })
    }
  }
}

class HostTransport implements Libp2pTransport {
  readonly self: PeerRef
  readonly #host: Host
  readonly #log: Logger
  readonly #membership: Membership
  readonly #topics: TopicTable
  readonly #allowedTopics: ReadonlySet<string>
  readonly #stopped = new AbortController()
  readonly #streams = new Set<Libp2pMessageStream>()
  readonly #isLoopback: boolean

  constructor(host: Host, options: Libp2pTransportOptions, isLoopback: boolean) {
    this.#isLoopback = isLoopback
    this.#host = host
    this.#log = options.log
    this.self = peerRefOf(host.peerId)
    this.#membership = new Membership(host, options.bootstrap, options.log)
    this.#allowedTopics = new Set(allTopics(options.globalId))
    this.#topics = new TopicTable((error) => this.#log.warn({ error: String(error) }, 'gossip'))
  }

  start(): void {
    this.#host.services.pubsub.addEventListener('message', this.#onGossip)
    this.#membership.start()
  }

  addresses(): readonly string[] {
    return this.#host.getMultiaddrs().map(String)
  }

  peers(): readonly PeerRef[] {
    return this.#host.getPeers().map(peerRefOf)
  }

  async joined(signal: AbortSignal): Promise<void> {
    const dht = this.#host.services.dht as KadDHT & Partial<SingleKadDHT>
    while ((dht.routingTable?.size ?? 1) === 0) {
      signal.throwIfAborted()
      this.#stopped.signal.throwIfAborted()
      await new Promise((resolve) => setTimeout(resolve, TABLE_POLL_MS))
    }
  }

  inboundCount(): number {
    const inbound = this.#host.getConnections().filter(({ direction }) => direction === 'inbound')
    if (this.#isLoopback) return inbound.length
    return inbound.filter(({ remoteAddr }) => !isLoopbackAddress(`${remoteAddr}`)).length
  }

  gossipScore(peerId: string): number {
    const { pubsub } = this.#host.services
    return 'getScore' in pubsub ? (pubsub as ScoreReader).getScore(peerId) : 0
  }

  async openStream(
    peerId: string,
    protocol: string,
    options: DialOptions = {},
  ): Promise<MessageStream> {
    const target = parsePeerId(peerId)
    const signal = this.#limit(options.signal, DIAL_TIMEOUT_MS)
    const open = async (limit: AbortSignal): Promise<MessageStream> => {
      await this.#remember(target, options.addresses ?? [])
      const stream = await this.#host.dialProtocol(target, protocol, {
        signal: limit,
        maxOutboundStreams: PROTOCOL_STREAMS_MAX,
      })
      return this.#own(stream, target)
    }
    try {
      const known = this.#host.getConnections(target)
      if (known.length === 0) return await open(signal)
      const quick = AbortSignal.any([signal, AbortSignal.timeout(KNOWN_CONNECTION_TIMEOUT_MS)])
      return await open(quick).catch((error: unknown) => {
        signal.throwIfAborted()
        if (error instanceof Error && REFUSALS.has(error.name)) throw error
        // The peer moved, or this machine slept: the connection died and nobody said so.
        for (const one of known) one.abort(new Error('this connection is dead'))
        return open(signal)
      })
    } catch (cause) {
      options.signal?.throwIfAborted()
      throw new UnavailableError('PEER_UNREACHABLE', `cannot reach ${peerId} for ${protocol}`, {
        cause,
        data: { peerId, protocol },
      })
    }
  }

  async handle(protocol: string, handler: (stream: MessageStream) => Promise<void>): Promise<void> {
    const onStream = (stream: Stream, connection: Connection) => {
      const own = this.#own(stream, connection.remotePeer)
      // Not awaited: libp2p's middleware chain must not wait for a session to end.
      handler(own)
        .then(() => own.finish())
        .catch((error: unknown) => {
          this.#log.debug({ protocol, error: String(error) }, 'a stream handler failed')
          own.abort(error instanceof Error ? error : new Error('handler failed'))
        })
    }
    await this.#host.handle(protocol, onStream, {
      maxInboundStreams: PROTOCOL_STREAMS_MAX,
      maxOutboundStreams: PROTOCOL_STREAMS_MAX,
    })
  }

  subscribe(
    topic: string,
    validator: GossipValidator,
    onMessage: (message: Uint8Array, from: PeerRef) => void,
  ): Subscription {
    if (!this.#allowedTopics.has(topic)) {
      throw new ConfigError('TOPIC_UNKNOWN', `${topic} is not one of this network's topics`)
    }
    const { pubsub } = this.#host.services
    return this.#topics.add(
      topic,
      { validator, onMessage },
      {
        first: () => {
          pubsub.topicValidators.set(topic, (_, message) => this.#validate(message))
          pubsub.subscribe(topic)
        },
        last: () => {
          pubsub.unsubscribe(topic)
          pubsub.topicValidators.delete(topic)
        },
      },
    )
  }

  async publish(topic: string, message: Uint8Array): Promise<void> {
    if (message.length > GOSSIP_MESSAGE_BYTES_MAX) {
      throw new ConfigError('GOSSIP_TOO_LARGE', `${message.length} bytes are too many to gossip`)
    }
    await this.#host.services.pubsub.publish(topic, message)
  }

  async provide(key: Uint8Array, signal?: AbortSignal): Promise<void> {
    try {
      await this.#host.contentRouting.provide(cidOf(key), {
        signal: this.#limit(signal, DHT_QUERY_TIMEOUT_MS),
      })
    } catch (cause) {
      signal?.throwIfAborted()
      throw new UnavailableError('DHT_UNAVAILABLE', 'the DHT did not take the record', { cause })
    }
  }

  async *findProviders(
    key: Uint8Array,
    signal?: AbortSignal,
  ): AsyncIterable<PeerRef & { readonly addresses: readonly string[] }> {
    const limit = this.#limit(signal, DHT_QUERY_TIMEOUT_MS)
    try {
      for await (const found of this.#host.contentRouting.findProviders(cidOf(key), {
        signal: limit,
      })) {
        if (found.id.type !== 'Ed25519' || found.id.equals(this.#host.peerId)) continue
        yield { ...peerRefOf(found.id), addresses: found.multiaddrs.map(String) }
      }
    } catch (error) {
      // What the DHT says is a hint: an unfinished query is a shorter list of hints.
      this.#log.debug({ error: String(error) }, 'a DHT query ended early')
    }
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    this.#host.services.pubsub.removeEventListener('message', this.#onGossip)
    // libp2p would end them politely, and an unfinished answer would look like a whole one.
    for (const stream of this.#streams) stream.abort(new Error('this peer stops'))
    await this.#membership.stop()
    endRoutingRefresh(this.#host.services.dht)
    await this.#host.stop()
  }

  readonly #onGossip = (event: CustomEvent<Message>): void => {
    const message = event.detail
    if (message.type !== 'signed' || message.from.type !== 'Ed25519') return
    this.#topics.deliver(message.topic, message.data, peerRefOf(message.from))
  }

  #own(stream: Stream, remote: PeerId): Libp2pMessageStream {
    const own = new Libp2pMessageStream(stream, peerRefOf(remote))
    if (stream.status === 'open' || stream.status === 'closing') {
      this.#streams.add(own)
      stream.addEventListener('close', () => this.#streams.delete(own), { once: true })
    }
    return own
  }

  #validate(message: Message): TopicValidatorResult {
    const isSigned = message.type === 'signed' && message.from.type === 'Ed25519'
    if (!isSigned || message.data.length > GOSSIP_MESSAGE_BYTES_MAX) {
      return TopicValidatorResult.Reject
    }
    const verdict = this.#topics.verdict(message.topic, message.data, peerRefOf(message.from))
    if (verdict === 'accept') return TopicValidatorResult.Accept
    return verdict === 'reject' ? TopicValidatorResult.Reject : TopicValidatorResult.Ignore
  }

  /** Addresses of an offer or a DHT hint: only tried, never trusted; noise proves who answers. */
  async #remember(peerId: PeerId, addresses: readonly string[]): Promise<void> {
    if (addresses.length === 0 || this.#host.getConnections(peerId).length > 0) return
    const multiaddrs = addresses.flatMap((address) => {
      try {
        return [multiaddr(address)]
      } catch {
        return []
      }
    })
    if (multiaddrs.length > 0) await this.#host.peerStore.merge(peerId, { multiaddrs })
  }

  #limit(signal: AbortSignal | undefined, timeoutMs: number): AbortSignal {
    const limits = [this.#stopped.signal, AbortSignal.timeout(timeoutMs)]
    return AbortSignal.any(signal === undefined ? limits : [...limits, signal])
  }
}

/** The class has it, the exported interface does not say so. */
interface ScoreReader {
  getScore(peerId: string): number
}

/** A DHT key is a 32-byte SHA-256 digest, worn as a raw CIDv1. */
function cidOf(key: Uint8Array): CID {
  if (key.length !== 32) throw new ConfigError('DHT_KEY_INVALID', 'a DHT key has 32 bytes')
  return CID.createV1(raw.code, createDigest(sha256.code, key))
}

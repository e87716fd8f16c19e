/**
 * What the rules need from a network of peers. Implemented over libp2p (node/network/) and, for
 * tests, in memory (test/support/); one contract suite, test/contracts/transport.ts, runs on both.
 */

/** A peer is named by its Ed25519 identity key: the libp2p peer id is derived from it. */
export interface PeerRef {
  /** libp2p peer id, text form. */
  readonly peerId: string
  /** 32-byte Ed25519 identity key. */
  readonly identityKey: Uint8Array
}

/** A bidirectional stream of length-prefixed messages (unsigned varint, then bytes). */
export interface MessageStream {
  readonly remote: PeerRef
  /** Resolves when the message is handed to the network with backpressure applied. */
  send(message: Uint8Array): Promise<void>
  /** The next message, or undefined when the other side ended the stream. */
  receive(): Promise<Uint8Array | undefined>
  /** Ends the stream politely. */
  close(): Promise<void>
  /** Ends the stream at once; pending sends and receives reject. */
  abort(reason: Error): void
}

export type GossipVerdict = 'accept' | 'ignore' | 'reject'

/** Runs before a message is forwarded; `reject` lowers the sender's score. */
export type GossipValidator = (message: Uint8Array, from: PeerRef) => GossipVerdict

export interface Subscription {
  close(): void
}

export interface DialOptions {
  readonly signal?: AbortSignal
  /** Multiaddrs to try when the address book knows none. */
  readonly addresses?: readonly string[]
}

export interface Transport {
  readonly self: PeerRef
  addresses(): readonly string[]
  peers(): readonly PeerRef[]

  /** @throws UnavailableError PEER_UNREACHABLE */
  openStream(peerId: string, protocol: string, options?: DialOptions): Promise<MessageStream>
  /** The handler owns the stream; the transport closes it when the handler settles. */
  handle(protocol: string, handler: (stream: MessageStream) => Promise<void>): Promise<void>

  subscribe(
    topic: string,
    validator: GossipValidator,
    onMessage: (message: Uint8Array, from: PeerRef) => void,
  ): Subscription
  publish(topic: string, message: Uint8Array): Promise<void>

  /** Announces this peer as a provider of a 32-byte key in the DHT. */
  provide(key: Uint8Array, signal?: AbortSignal): Promise<void>
  /** Peers that announced the key; a hint, never proof. */
  findProviders(
    key: Uint8Array,
    signal?: AbortSignal,
  ): AsyncIterable<PeerRef & { readonly addresses: readonly string[] }>

  stop(): Promise<void>
}

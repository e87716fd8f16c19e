/** The libp2p host: TCP (or memory), noise, yamux, identify, ping, Kademlia and gossipsub. */
import { type GossipSub, gossipsub } from '@chainsafe/libp2p-gossipsub'
import { noise } from '@chainsafe/libp2p-noise'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { type Identify, identify } from '@libp2p/identify'
import type { ConnectionGater, Libp2p } from '@libp2p/interface'
import {
  type KadDHT,
  kadDHT,
  passthroughMapper,
  removePrivateAddressesMapper,
} from '@libp2p/kad-dht'
import { memory } from '@libp2p/memory'
import { type Ping, ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import {
  CONNECTIONS_MAX,
  DHT_FIRST_SELF_QUERY_MS,
  DIAL_TIMEOUT_MS,
  INBOUND_PENDING_MAX,
  INBOUND_PENDING_MAX_LOOPBACK,
  INBOUND_PER_HOST_PER_S_MAX,
  INBOUND_PER_HOST_PER_S_MAX_LOOPBACK,
  STREAM_WINDOW_BYTES_MAX,
} from './constants.ts'
import { gossipOptions } from './gossip-options.ts'
import { isLoopbackAddress } from './loopback.ts'

/** libp2p's own metrics, made for one host (@libp2p/prometheus-metrics). */
export type HostMetrics = NonNullable<Libp2pOptions['metrics']>

export interface HostOptions {
  /** 32-byte Ed25519 seed; the peer id follows from it. */
  readonly identitySeed: Uint8Array
  /** Multiaddrs; none: this peer only dials. */
  readonly listen: readonly string[]
  /** `full` peers answer DHT queries, `light` ones only ask. */
  readonly mode: 'full' | 'light'
  /** TON global id: part of every protocol name, so that networks never mix. */
  readonly globalId: number
  readonly transports: 'tcp' | 'memory'
  /** The only gossip topics this host talks about. */
  readonly topics: readonly string[]
  /** Every address of this network is on this machine; others are not dialled. */
  readonly isLoopback: boolean
  /** Every first address is of a private network: its peers have no public ones to tell. */
  readonly isPrivate: boolean
  readonly metrics?: HostMetrics
}

export type Services = {
  readonly identify: Identify
  readonly ping: Ping
  readonly dht: KadDHT
  readonly pubsub: GossipSub
}
export type Host = Libp2p<Services>

export async function createHost(options: HostOptions): Promise<Host> {
  const { isLoopback } = options
  return createLibp2p<Services>({
    privateKey: await generateKeyPairFromSeed('Ed25519', options.identitySeed),
    addresses: { listen: [...options.listen] },
    ...(options.metrics === undefined ? {} : { metrics: options.metrics }),
    transports: [options.transports === 'tcp' ? tcp() : memory()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: STREAM_WINDOW_BYTES_MAX } })],
    connectionGater: gater(isLoopback),
    connectionManager: {
      maxConnections: CONNECTIONS_MAX,
      dialTimeout: DIAL_TIMEOUT_MS,
      inboundConnectionThreshold: isLoopback
        ? INBOUND_PER_HOST_PER_S_MAX_LOOPBACK
        : INBOUND_PER_HOST_PER_S_MAX,
      maxIncomingPendingConnections: isLoopback
        ? INBOUND_PENDING_MAX_LOOPBACK
        : INBOUND_PENDING_MAX,
    },
    services: {
      identify: identify({ protocolPrefix: `cocoon/${options.globalId}` }),
      ping: ping({ protocolPrefix: `cocoon/${options.globalId}` }),
      dht: kadDHT({
        protocol: `/cocoon/${options.globalId}/kad/1.0.0`,
        // Explicit: left out, a peer without a public address stays a client for ever.
        clientMode: options.mode === 'light',
        // The default mapper drops private addresses, which on such a network are all there are.
        peerInfoMapper: options.isPrivate ? passthroughMapper : removePrivateAddressesMapper,
        initialQuerySelfInterval: DHT_FIRST_SELF_QUERY_MS,
        allowQueryWithZeroPeers: false,
      }),
      pubsub: gossipsub(gossipOptions(options.topics, isLoopback)),
    },
  })
}

/** Peers are named by Ed25519 keys; a loopback network dials nothing that leaves the machine. */
function gater(isLoopback: boolean): ConnectionGater {
  const isForeign = (peerId: { readonly type: string }) => peerId.type !== 'Ed25519'
  return {
    denyDialPeer: isForeign,
    denyInboundEncryptedConnection: isForeign,
    denyOutboundEncryptedConnection: isForeign,
    denyDialMultiaddr: (address) => isLoopback && !isLoopbackAddress(address.toString()),
  }
}

/** Limits of the libp2p host. Every one exists so that a stranger cannot choose it for us. */

/** Received messages waiting for their reader, per stream; more pauses the stream. */
export const RECEIVE_QUEUE_BYTES_MAX = 256 * 1024
/** Streams of one protocol on one connection, each direction: sessions and fetches share it. */
export const PROTOCOL_STREAMS_MAX = 32
/** A polite close waits so long for its last bytes, then the stream is reset. */
export const STREAM_CLOSE_TIMEOUT_MS = 5_000
/** Dialling a peer and negotiating a protocol, all addresses together. */
export const DIAL_TIMEOUT_MS = 10_000
/** One DHT query when the caller sets no limit of its own. */
export const DHT_QUERY_TIMEOUT_MS = 15_000
/** Connections of one peer; a light client needs far fewer. */
export const CONNECTIONS_MAX = 300
/** New inbound connections per second and host; loopback networks put all peers behind one host. */
export const INBOUND_PER_HOST_PER_S_MAX = 5
export const INBOUND_PER_HOST_PER_S_MAX_LOOPBACK = 1_000
/** Inbound connections still in their handshake; a loopback network starts all at once. */
export const INBOUND_PENDING_MAX = 32
export const INBOUND_PENDING_MAX_LOOPBACK = 512
/** Flow-control window of one yamux stream at most; half-read streams cost this much memory. */
export const STREAM_WINDOW_BYTES_MAX = 1024 * 1024

/** One gossiped message; the largest is a job's close with 256 bids. */
export const GOSSIP_MESSAGE_BYTES_MAX = 16 * 1024
/** One gossipsub RPC, which batches messages. */
export const GOSSIP_RPC_BYTES_MAX = 256 * 1024
/** Messages and control entries in one gossipsub RPC. */
export const GOSSIP_RPC_ENTRIES_MAX = 512
/** Subscribers of one topic inside this process. */
export const TOPIC_SUBSCRIBERS_MAX = 16

/** First self-query of the DHT: a fresh peer's first look-up waits for it. */
export const DHT_FIRST_SELF_QUERY_MS = 100
/** Below so many connections a peer looks for more. */
export const PEERS_WANTED = 4
/** Peers dialled in one round of joining. */
export const JOIN_DIALS_MAX = 8
/** Pause between rounds of joining while peers are wanted: doubles up to the longest. */
export const JOIN_PAUSE_FIRST_MS = 250
export const JOIN_PAUSE_MAX_MS = 30_000
/** The same while it has no connection at all: the first peer may just be starting. */
export const JOIN_PAUSE_ALONE_MAX_MS = 2_000

/** A stream over a connection that is there; then it counts as dead and the peer is dialled anew. */
export const KNOWN_CONNECTION_TIMEOUT_MS = 3_000

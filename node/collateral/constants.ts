/** Limits of fetching, keeping and passing on collateral. */

/** One answer of PCS, a PCCS or KDS: TCB info is about 10,000 bytes. */
export const COLLATERAL_ANSWER_BYTES_MAX = 262_144
/** One request to one service, milliseconds. */
export const COLLATERAL_TIMEOUT_MS = 10_000
/** Kinds of platforms whose collateral is kept; the one unused longest goes first. */
export const COLLATERAL_ENTRIES_MAX = 256
/** A source that failed is not asked again for the same collateral within, milliseconds. */
export const COLLATERAL_RETRY_MS = 60_000
/** Peers asked for one piece of collateral. */
export const COLLATERAL_PEERS_MAX = 4
/** Content hashes that a peer may name for one kind of platform. */
export const COLLATERAL_OFFERS_MAX = 4
/** Collateral streams that a peer answers at once; further ones are closed. */
export const COLLATERAL_STREAMS_MAX = 8
/** A stream's request and each answer must come within, milliseconds. */
export const COLLATERAL_PEER_TIMEOUT_MS = 10_000
/** Requests on one stream. */
export const COLLATERAL_REQUESTS_MAX = 8

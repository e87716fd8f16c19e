/** Limits of the library. */

/** How long `connect` waits for a first offer before it lets the caller ask anyway. */
export const OFFERS_WAIT_MS = 10_000
/** How long a question that names no model waits for an offer that says what some model does. */
export const MODEL_KIND_WAIT_MS = 30_000
export const OFFERS_POLL_MS = 20
/** Providers of an in-process test network: each has an engine process of its own. */
export const TESTNET_PROVIDERS_MAX = 8
/** Clients that one test network hands out over its life. */
export const TESTNET_CLIENTS_MAX = 64
/** For the offers of all its providers to reach its client; a quiet machine needs a second. */
export const TESTNET_READY_MS_MAX = 60_000

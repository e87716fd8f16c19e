/** Limits and fixed choices of the testnet. */

/** Global id of the embedded chain; anything but -239 (mainnet) and -3 (TON's testnet). */
export const TESTNET_GLOBAL_ID = 7411
/** Peers that get an operating system process of their own; the rest share one. */
export const OWN_PROCESS_PEERS_MAX = 8
export const PROVIDERS_MAX = 64
export const CLIENTS_MAX = 16
/** Runs whose folders are kept. */
export const RUNS_KEPT_MAX = 5
/** Opening the model and the first quote take seconds on a busy machine. */
export const PEER_READY_TIMEOUT_MS = 90_000
/** The first block. */
export const CHAIN_READY_TIMEOUT_MS = 60_000
/** For offers of every provider to reach the first client; then the testnet says it is ready anyway. */
export const OFFERS_WAIT_MS = 30_000
export const OFFERS_POLL_MS = 100
/** For one client to close its channels. */
export const SETTLE_TIMEOUT_MS = 60_000
/** A process that was asked to stop gets this long before it is killed. */
export const STOP_TIMEOUT_MS = 10_000
/** For the three-line job of --once. */
export const JOB_TIMEOUT_MS = 120_000
export const JOB_POLL_MS = 100
/** Between the death of a peer and its restart (--restart). */
export const RESTART_DELAY_MS = 500

/** 100 TON: more than a session of any length spends. */
export const CLIENT_GENESIS_NANO = 100_000_000_000n
/** 10 TON: pays the fees of claims. */
export const PROVIDER_GENESIS_NANO = 10_000_000_000n
/** 1 TON in each new channel. */
export const CHANNEL_DEPOSIT_NANO = 1_000_000_000n
/** An hour, as a unilateral close on a laptop should not need days. */
export const CLOSE_DELAY_S = 3_600
export const PROVIDER_SLOTS = 4
/** Latency added to a provider's answers, drawn from the seed. */
export const ADDED_LATENCY_MS_MAX = 60

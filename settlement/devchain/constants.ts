/** Limits of the embedded chain: it serves one laptop, in memory. */

/** One request body: an external message of 64 KiB in base64, with room. */
export const REQUEST_BYTES_MAX = 256 * 1024
/** Requests being answered at once. */
export const CONNECTIONS_MAX = 256
/** An idle connection is kept so long: a short time ends under a client that a busy machine held up. */
export const KEEP_ALIVE_MS = 65_000
/** External messages waiting to be executed; more are refused. */
export const SUBMISSIONS_MAX = 1_000
/** Blocks kept: six hours at one every 3 s, far above the 75 minutes that statements need. */
export const BLOCKS_MAX = 8_192
/** Seconds after which a block without transactions is made when somebody looks. */
export const EMPTY_BLOCK_S = 3
/** Transactions kept over all accounts, oldest dropped first (about 2 KiB each). */
export const TRANSACTIONS_MAX = 20_000
/** Blocks at which the states of accounts can be read: over 17 minutes at one every 4 s. */
export const HISTORY_BLOCKS_MAX = 256
/** Messages of one block; the others wait for the next. */
export const BLOCK_MESSAGES_MAX = 1_000
/** Messages that wait for a block, with a miner; more external ones are refused. */
export const PENDING_MAX = 10_000
/** Accounts: further ones cannot receive. */
export const ACCOUNTS_MAX = 20_000
/** 10 million TON: one call to the faucet. */
export const FAUCET_NANO_MAX = 10_000_000_000_000_000n
/** A hundred years: one call to dev_time. */
export const TIME_STEP_S_MAX = 100 * 366 * 86_400
/** Rules for faults at a time. */
export const FAULT_RULES_MAX = 16
/** 10 minutes: a later answer is none. */
export const FAULT_DELAY_MS_MAX = 600_000
/** Named snapshots kept at a time, in memory. */
export const SNAPSHOTS_MAX = 8

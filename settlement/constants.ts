/** Limits of this room. Units are in the names; docs/LIMITS.md lists them. */

/** A signed cell on the wire: the largest (a bill) is below 200 bytes. */
export const CELL_BOC_BYTES_MAX = 1024
/** 7 days: how long a provider may be away before its claim can be closed over. */
export const CLOSE_DELAY_S_MAX = 7 * 86_400
/** 400 days: rent for a channel's whole life is set aside at its first deposit. */
export const CHANNEL_LIFETIME_S_MAX = 400 * 86_400
/** 15 minutes: a CloseAuth in a stranger's hand goes stale. */
export const CLOSE_AUTH_VALID_S_MAX = 15 * 60

/** Open requests of one channel: also how far a voucher's leaf count may lag. */
export const OPEN_REQUESTS_MAX = 8
/** Leaves a voucher may lag behind the provider's tree. */
const LEAF_LAG_MAX = 8
/** Roots kept to check a lagging voucher: the present one and LEAF_LAG_MAX before it. */
export const RECENT_ROOTS_MAX = LEAF_LAG_MAX + 1
/** A receipt or checkpoint body as this room sees it: opaque bytes. */
export const LEAF_DATA_BYTES_MAX = 4096
/** Leaves taken in one meeting, as many as one message carries; a channel that missed more is closed. */
export const MISSING_LEAVES_MAX = 192
/** Random 128-bit request ids, in hexadecimal. */
export const REQUEST_ID_HEX_LENGTH = 32

/** 0.05 TON over the deposit pays rent and fees at any price table known; the excess comes back. */
export const TOP_UP_ATTACHED_NANO = 50_000_000n
/** 0.05 TON pays any other operation at any price table known; the excess comes back. */
export const CALL_ATTACHED_NANO = 50_000_000n

/** Answer of a chain endpoint: a page of transactions is far below this. */
export const CHAIN_RESPONSE_BYTES_MAX = 4 * 1024 * 1024
/** Cells of a contract's data, shared ones counted each time: an account of TON has 65,536 cells at most. */
export const CONTRACT_TREE_CELLS_MAX = 65_536
/** One request to a chain endpoint. */
export const CHAIN_TIMEOUT_MS = 10_000
/** Tries of one read, the first included. */
export const CHAIN_ATTEMPTS_MAX = 3
/** Ceiling of the pause before the second try; it doubles, and the pause is a random part of it. */
export const CHAIN_BACKOFF_MS = 200
/** 5 s: no pause between tries is longer. */
export const CHAIN_BACKOFF_MS_MAX = 5_000
/** Requests that wait for their turn at one endpoint. */
export const CHAIN_WAITING_MAX = 256
/** An endpoint whose newest block is older by the own clock is not believed. */
export const CHAIN_BEHIND_S_MAX = 120
/** Between two looks at an endpoint's newest block while state is read from it. */
export const CHAIN_CHECK_MS = 10_000
/** Machines behind one address may be so many blocks apart; more is a replay. */
export const CHAIN_WOBBLE_BLOCKS = 8
/** Root hashes kept of each endpoint, to notice a block that changed. */
export const CHAIN_BLOCKS_REMEMBERED = 256
/** Blocks behind the newest endpoint; one further behind is not asked. */
export const CHAIN_LAG_BLOCKS_MAX = 64
/** Blocks on top of the one in which endpoints must agree: seconds on TON. */
export const CHAIN_DEPTH_BLOCKS = 4

/** Transactions of one page, as toncenter limits it. */
export const TRANSACTIONS_PAGE_MAX = 100
/** A saved chain that a reader opens. */
export const SNAPSHOT_BYTES_MAX = 64 * 1024 * 1024

/** Messages of one external message: the wallet's c5 holds 255. */
export const WALLET_MESSAGES_MAX = 255
/** Sends waiting for the one in flight. */
export const WALLET_QUEUE_MAX = 64
/** Seconds after which the chain refuses a signed external message. */
export const WALLET_MESSAGE_VALID_S = 60
/** Transactions of an account read at once when looking for one's own. */
export const WALLET_LOOK_BACK = 100
/** Pages of them: more than a batch of 255 messages with its answers and payments can fill. */
export const WALLET_PAGES_MAX = 16
/** Between two looks at the chain while waiting for a transaction. */
export const WALLET_POLL_MS = 100
/** Looks at the chain before a send counts as lost: a minute at WALLET_POLL_MS. */
export const WALLET_POLLS_MAX = 600

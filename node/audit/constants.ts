/** Limits of an audit. */

/** Transactions of one channel that an audit reads: a hundred pages. A channel has far fewer. */
export const AUDIT_TRANSACTIONS_MAX = 10_000
/** An audit as it comes back from a running peer: a line for each receipt. */
export const AUDIT_ANSWER_BYTES_MAX = 64 * 1024 * 1024
/** A running peer reads the history of all its channels meanwhile. */
export const AUDIT_ANSWER_TIMEOUT_MS = 60_000

/** Limits of an audit. */

/** Transactions of one channel that an audit reads: a hundred pages. A channel has far fewer. */
export const AUDIT_TRANSACTIONS_MAX = 10_000

/** Limits of receipts in files. */

/** Blocks, and channels, in one file of roots. */
export const ROOTS_ROWS_MAX = 100_000
/** Receipt files that one export reads. */
export const EXPORT_RECEIPTS_MAX = 1_000_000

/** Limits of receipts in files. */

/** Blocks, and channels, in one file of roots. */
export const ROOTS_ROWS_MAX = 100_000
/** Receipt files that one export reads. */
export const EXPORT_RECEIPTS_MAX = 1_000_000
/** Receipts in one provider's anchor: its tree is made in memory, about 1 KB each. */
export const EPOCH_RECEIPTS_MAX = 200_000
/** Epochs in its book, and runs of leaves in all of them: about 110 bytes each in a file. */
export const EPOCH_SEGMENTS_MAX = 100_000

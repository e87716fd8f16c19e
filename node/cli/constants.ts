/** Limits of the command line. */

/** A job file; JOB_LINES_MAX lines of ordinary length are far below this. */
export const JOB_FILE_BYTES_MAX = 8 * 1_048_576
/** A receipt file with its evidence is about 20 kB. */
export const RECEIPT_FILE_BYTES_MAX = 1_048_576
/** A snapshot holds a whole small chain. */
export const SNAPSHOT_FILE_BYTES_MAX = 64 * 1_048_576

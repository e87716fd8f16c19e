/** Limits of `cocoon doctor`, and where a figure turns from good to bad. */

/** One check may take this long; then it has failed. The survey of a TEE asks tools that are slow. */
export const CHECK_TIME_LIMIT_MS = 5_000
export const SURVEY_TIME_LIMIT_MS = 90_000
/** Free space: below the first peers stop soon, below the second within weeks. */
export const DISK_FREE_BYTES_MIN = 104_857_600
export const DISK_FREE_BYTES_GOOD = 1_073_741_824
/** Durable writes timed for the median. */
export const FSYNC_SAMPLES = 9
/** Each voucher waits for one durable write: up to the first nobody notices, from the second all do. */
export const FSYNC_FAST_MS = 5
export const FSYNC_SLOW_MS = 50
/** TON's blocks come every few seconds; a chain this far behind this clock is not in sync. */
export const CHAIN_BEHIND_MS_MAX = 120_000
/** A block from the future: this clock is behind, and evidence would look as if not yet valid. */
export const CHAIN_AHEAD_MS_MAX = 10_000
/** The wall clock moved against the monotonic one: somebody set it. */
export const CLOCK_STEP_MS_MAX = 1_000
/** A claim costs less; a provider below it cannot collect what it earned. */
export const PROVIDER_BALANCE_NANO_MIN = 50_000_000n

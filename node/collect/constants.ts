/** Limits of the bundle for bug reports. */

/** Of each log, its end. */
export const COLLECT_LOG_BYTES_MAX = 262_144
/** Log files that go in, newest first. */
export const COLLECT_LOGS_MAX = 16

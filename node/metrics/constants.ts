/** Limits of the metrics. */

/** Distinct warning codes counted by name; further ones are counted as OTHER. */
export const METRIC_CODES_MAX = 128

/** Limits of registries. Units are in the names; docs/LIMITS.md lists them. */

/** 0.3 TON pays a decision and five years of rent for what it adds, at any price table; the excess comes back. */
export const REGISTRY_ATTACHED_NANO = 300_000_000n
/** Entries that the contract takes. */
export const REGISTRY_ENTRIES_MAX = 1_024

/** Limits of jetton channels. Units are in the names; docs/LIMITS.md lists them. */

/** 0.2 TON pays any jetton operation, three contracts deep, at any price table; the excess comes back. */
export const JETTON_CALL_ATTACHED_NANO = 200_000_000n
/** 0.05 TON ride with a deposit's notification and pay for its booking; the excess comes back. */
export const JETTON_NOTIFICATION_NANO = 50_000_000n
/** Gas of one transfer through both wallets of a usual jetton, with room: a term of each channel. */
export const JETTON_TRANSFER_GAS = 40_000

/** Limits of the money ledger and of the caps. */

/** File in a client's data folder: API keys, their usage, and what was spent by day. */
export const LEDGER_FILE = 'ledger.sqlite'
/** Marks a file as ours: "COCL" in ASCII, kept in the SQLite header. */
export const LEDGER_APPLICATION_ID = 0x434f434c
/** `cocoon keys` and a running client share the file; one waits this long for the other. */
export const LEDGER_WAIT_MS = 5_000
/** SQLite's integers are signed 64-bit; a quarter of them is more than all coins there are. */
export const LEDGER_NANO_MAX = 2n ** 61n
/** Sums of days older than this are dropped when the ledger is opened. */
export const LEDGER_DAYS_MAX = 400

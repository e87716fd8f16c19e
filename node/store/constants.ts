/** Limits of the store. */

/** Marks a file as ours: "COCO" in ASCII, kept in the SQLite header. */
export const STORE_APPLICATION_ID = 0x434f434f
/** File names inside a peer's data folder. */
export const STORE_FILE = 'peer.sqlite'
export const STORE_PID_FILE = 'peer.pid'
/** A meta value is a sequence number or a short state, never a document. */
export const META_VALUE_CHARS_MAX = 65_536
/** A receipt with its bill; a body is under 1 KiB, so this bounds a mistake, not a use. */
export const RECEIPT_BYTES_MAX = 65_536
/** State of a channel or a job as JSON. */
export const STATE_CHARS_MAX = 1_048_576
/** Rows that one listing returns, newest first. */
export const LIST_ROWS_MAX = 1_000
/** Works of one group commit: what many channels hand in while the disk syncs once. */
export const GROUP_WORKS_MAX = 4_096

/** Limits of getting evidence. */

/** `provider`, `generation`, `privlevel_floor`: a word and a line end. */
export const CONFIGFS_TEXT_BYTES_MAX = 64
/** `auxblob`, the host's certificate table: three certificates and a list are about 6,000 bytes. */
export const CONFIGFS_AUXILIARY_BYTES_MAX = 32_768
/** Attempts at one report, each in a directory of its own. */
export const CONFIGFS_ATTEMPTS_MAX = 5
/** Before the second attempt, milliseconds; doubles each time: 0.75 s together. */
export const CONFIGFS_BACKOFF_MS = 50
/** Entries of a SEV-SNP certificate table. */
export const SNP_TABLE_CERTIFICATES_MAX = 16
/** Answer of dstack's guest agent: quote and event log in hexadecimal, about 60,000 characters. */
export const DSTACK_ANSWER_BYTES_MAX = 2_097_152
/** Output of NVIDIA's tool: reports and certificates of 8 GPUs in base64 are about 120,000 characters. */
export const NVATTEST_OUTPUT_BYTES_MAX = 2_097_152
/** The CCEL area: Linux and OVMF reserve 64 KiB. */
export const CCEL_BYTES_MAX = 262_144
/** Entries of it that are read. */
export const CCEL_EVENTS_MAX = 2_048
/** Entries of dstack's event log, boot and run time together. */
export const DSTACK_EVENTS_MAX = 512

/** Limits of the upstream engine. Every number has its unit in the name and its reason beside it. */

const KIB = 1024
const MIB = 1024 * KIB

/** Until the response's headers: a server on the same machine or rack answers at once. */
export const UPSTREAM_CONNECT_TIMEOUT_MS = 10_000
/** From the headers to the first token: a long prompt, behind the server's own queue. */
export const UPSTREAM_FIRST_TOKEN_TIMEOUT_MS = 120_000
/** Between two pieces of an answer that has begun. */
export const UPSTREAM_IDLE_TIMEOUT_MS = 30_000
/** One small document: health, version, list of models. */
export const UPSTREAM_CHECK_TIMEOUT_MS = 5_000
/** A whole trial request of one token. */
export const UPSTREAM_TRIAL_TIMEOUT_MS = 60_000
/** One line of a stream; SGLang repeats the whole answer in each. */
export const UPSTREAM_LINE_BYTES_MAX = 1 * MIB
/** A whole stream before its tokens are counted: comments, names, usage. */
export const UPSTREAM_STREAM_BYTES_BASE = 1 * MIB
/** And for each token asked for; SGLang repeats the whole answer with each. */
export const UPSTREAM_STREAM_BYTES_PER_TOKEN = 64 * KIB
/** Ids in one event of a server that sends only what is new. */
export const UPSTREAM_EVENT_IDS_MAX = 4_096
/** A document that is not a stream: errors, lists of models. */
export const UPSTREAM_DOCUMENT_BYTES_MAX = 1 * MIB
/** Characters by which the server's text may run ahead of its ids, or stay behind them. */
export const UPSTREAM_TEXT_LAG_CHARS_MAX = 256
/** A server's word for how long to wait is taken up to here. */
export const UPSTREAM_RETRY_AFTER_S_MAX = 3_600
/** A server's own words about itself, as far as they are shown. */
export const UPSTREAM_VERSION_CHARS_MAX = 48
/** Bytes of an answer that must be a document or calls: its names are kept while it arrives. */
export const UPSTREAM_DOCUMENT_ANSWER_BYTES_MAX = 4 * MIB
/** Objects and arrays inside of each other in a document that a server wrote. */
export const UPSTREAM_JSON_DEPTH_MAX = 128
/** White space in one place of a document: a deep indentation, not a server that is stuck. */
export const UPSTREAM_JSON_SPACE_CHARS_MAX = 1_024
/** One number of a document; a double written out in full has at most 1,076 characters. */
export const UPSTREAM_JSON_NUMBER_CHARS_MAX = 1_100

/** Limits of getting, keeping and handing out models. */

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB

/** One answer of a hub's API: repositories with thousands of files have about 1 MiB. */
export const HUB_ANSWER_BYTES_MAX = 8 * MIB
/** Files that a repository may list. */
export const HUB_FILES_MAX = 10_000
/** Redirects of one request: hub, then its store, then that store's region. */
export const HUB_REDIRECTS_MAX = 5
/** A hub must begin to answer within, and send something more within, milliseconds. */
export const HUB_STALL_MS = 30_000
/** Tries of one request; a try that brought bytes does not count. */
export const HUB_TRIES_MAX = 6
/** Pauses between tries double from the first to the longest, milliseconds. */
export const HUB_PAUSE_FIRST_MS = 1_000
export const HUB_PAUSE_MAX_MS = 60_000
/** Files fetched from a hub at once. */
export const HUB_PARALLEL = 4
/** README and licence files, which are kept beside the model. */
export const MODEL_PAPER_BYTES_MAX = 1 * MIB
/** Licence and README files of one model. */
export const MODEL_PAPERS_MAX = 8

/** Progress is told at least each so many bytes: a slow line shows that it moves. */
export const PROGRESS_STEP_BYTES = 16 * MIB
/** Bytes that must stay free on the disk after a model came. */
export const DISK_RESERVE_BYTES = 256 * MIB
/** One read of a file that is hashed. */
export const HASH_READ_BYTES = 1 * MIB
/** The store's own record of one model, with all its files. */
export const MODEL_RECORD_BYTES_MAX = 64 * KIB
/** Pins, publishers and publications of one owner. */
export const NAMES_FILE_BYTES_MAX = 1 * MIB
export const PINS_MAX = 256
export const PUBLISHERS_MAX = 64
export const PUBLICATIONS_MAX = 1_024
/** One publication, as a file and on the wire. */
export const PUBLICATION_BYTES_MAX = 4 * KIB
/** A manifest on the wire. */
export const MANIFEST_BYTES_MAX = 64 * KIB
/** Path of one file of a model, characters. */
export const MODEL_PATH_CHARS_MAX = 256
/** Characters of a licence's name. */
export const LICENCE_CHARS_MAX = 64

/** A piece travels in messages of so many bytes, so that a cap and a stall show soon. */
export const PIECE_BLOCK_BYTES = 64 * KIB
/** Model streams that a peer answers at once; further ones are told to come back. */
export const SERVE_STREAMS_MAX = 8
/** Of them for one peer. */
export const SERVE_STREAMS_PER_PEER_MAX = 2
/** Requests on one stream: a model of 64 GiB has as many pieces. */
export const SERVE_REQUESTS_MAX = 131_072
/** A stream without a request is ended, and one that does not take a message, after milliseconds. */
export const SERVE_IDLE_MS = 30_000
/** A source whose next message does not come within milliseconds has stalled. */
export const SOURCE_STALL_MS = 20_000
/** Sources used at once. */
export const SOURCES_MAX = 8
/** Peers asked in one round of searching. */
export const SOURCES_ASKED_MAX = 32
/** One round of searching, milliseconds. */
export const SOURCE_SEARCH_MS = 15_000
/** Rounds in a row that bring nothing before a pull gives up. */
export const SOURCE_ROUNDS_MAX = 4
/** Pause between rounds, doubling, milliseconds. */
export const SOURCE_PAUSE_FIRST_MS = 500
export const SOURCE_PAUSE_MAX_MS = 8_000
/** Faults that are nobody's lie (a stall, a reset) before a source is left alone for this pull. */
export const SOURCE_FAULTS_MAX = 3
/** A source that is busy says when to come back; it is believed up to milliseconds. */
export const SOURCE_BUSY_MS_MAX = 10_000
/** All small files of a model that a light client fetches. */
export const TOKENIZER_FETCH_BYTES_MAX = 80 * MIB
/** Fetching them, all together, milliseconds. */
export const TOKENIZER_FETCH_MS = 120_000
/** What an owner who names no cap gives. */
export const SHARE_BYTES_PER_S_DEFAULT = 4 * MIB
export const SHARE_BYTES_PER_DAY_DEFAULT = 20 * GIB
/** Less would make every stream look stalled. */
export const SHARE_BYTES_PER_S_MIN = 64 * KIB
/** Counted as sent before it is, in steps of so many bytes, so that a crash forgets none. */
export const SHARE_STEP_BYTES = 16 * MIB
/** The rate's book is never further ahead than milliseconds, whatever the clock does. */
export const SHARE_AHEAD_MS_MAX = 60_000

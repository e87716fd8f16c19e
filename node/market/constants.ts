/** Limits and rhythms of the market's services. */

/** Protocol of full offers, asked of their provider. */
export const OFFER_PROTOCOL = '/cocoon/offer/1'
/** Protocol of open jobs, asked of their client. */
export const JOB_PROTOCOL = '/cocoon/job/1'
/** One question and its answer, after the stream is open. */
export const ASK_TIMEOUT_MS = 5_000
/** A question is a model root; 64 bytes hold it. */
export const REQUEST_BYTES_MAX = 64
/** Answer of /cocoon/offer/1: 16 full offers. */
export const OFFERS_RESPONSE_BYTES_MAX = 72 * 1024
/** Answer of /cocoon/job/1: 64 job records. */
export const JOBS_RESPONSE_BYTES_MAX = 264 * 1024
/** Peers asked at once. */
export const ASKS_PARALLEL_MAX = 4
/** Peers of one DHT answer that are asked at all. */
export const ASKED_PEERS_MAX = 32

/** Life of an offer: three refreshes may be lost before it is gone. */
export const OFFER_LIFE_MS = 5 * 60_000
/** An unchanged offer is announced again after this. */
export const OFFER_REFRESH_MS = 75_000
/** Changes within this time become one announcement: load moves in bursts. */
export const OFFER_COALESCE_MS = 250
/** The first announcements are repeated: a gossip mesh needs a moment to form. */
export const OFFER_START_REPEATS_MS = [1_000, 4_000] as const
/** A DHT record is renewed after this; its own validity is 48 h, peers come and go faster. */
export const PROVIDE_AGAIN_MS = 10 * 60_000
/** Pause after a DHT record could not be placed: doubles up to the longest. */
export const PROVIDE_RETRY_FIRST_MS = 500
export const PROVIDE_RETRY_MAX_MS = 60_000
/** Full offers waiting to be fetched; a flood of deltas must not make this peer dial for ever. */
export const FETCH_QUEUE_MAX = 64
/** A full offer is fetched at once, and twice more when the provider did not answer. */
export const FETCH_PAUSES_MS = [0, 1_000, 4_000] as const
/** Weight of a new latency sample in the smoothed one. */
export const LATENCY_SAMPLE_WEIGHT = 0.3
/** Providers whose measurements are kept. */
export const MEASUREMENTS_MAX = 2_048
/** A client asks the DHT for sellers this long after its start, then after pauses that double. */
export const SEARCH_FIRST_MS = 1_000
export const SEARCH_MAX_MS = 60_000
/** One such search: a peer that does not answer must not hold up the next one. */
export const SEARCH_TIMEOUT_MS = 5_000
/** The book drops what expired this often. */
export const BOOK_TICK_MS = 30_000

/** Market records of one gossip author that are checked per window; the rest is ignored unchecked. */
export const AUTHOR_RECORDS_MAX = 600
export const AUTHOR_WINDOW_MS = 10_000
/** Authors counted in one window. */
export const AUTHORS_MAX = 8_192

/** Pauses between announcements of a job, and between sends of a bid, double from the first. */
export const REPEAT_FIRST_MS = 250
export const REPEAT_MAX_MS = 5_000
/** Sends of one bid at most. */
export const BID_SENDS_MAX = 12
/** Award and close are sent so often: one lost message must not leave a bidder waiting. */
export const CLOSE_REPEATS_MS = [300, 1_000, 3_000] as const
/** Jobs open at one client at once. */
export const CLIENT_JOBS_MAX = 64
/** Jobs a provider follows at once. */
export const WORKER_JOBS_MAX = 256
/** A provider asks the DHT for work this often. */
export const JOB_POLL_MS = 5_000
/** A client that could not be reached is not dialled again before this. */
export const JOB_UNREACHABLE_MS = 60_000

/** Limits of the market's records. Every number has its unit in its name and one reason. */

/** Version of every market record; peers refuse others. */
export const MARKET_VERSION = 1

/** A signed delta is gossiped to everyone: small enough that 1,000 providers cost a light client nothing. */
export const OFFER_DELTA_BYTES_MAX = 400
/** A signed full offer is fetched from its provider only. */
export const OFFER_FULL_BYTES_MAX = 4 * 1024
/** Longest life of an offer: what a dead provider can mislead for. */
export const OFFER_LIFE_MS_MAX = 10 * 60_000
/** How far ahead of the receiver's clock a record may be issued: clocks of laptops differ. */
export const ISSUED_AHEAD_MS_MAX = 30_000
/** Addresses in an offer or job. */
export const ADDRESSES_MAX = 8
/** Characters of one multiaddr. */
export const ADDRESS_CHARS_MAX = 256
/** Characters of a model id; printable ASCII without spaces, since it is shown on terminals. */
export const MODEL_ID_CHARS_MAX = 128
/** Characters of an engine's name; printable ASCII. */
export const ENGINE_CHARS_MAX = 128
/** Tokens of context that an offer may claim. */
export const CONTEXT_TOKENS_MAX = 16 * 1024 * 1024
/** A million TON per million tokens: more is a mistake or an overflow attempt. */
export const PRICE_NANO_PER_MTOK_MAX = 1_000_000_000_000_000n
/** Slots that one peer may offer. */
export const SLOTS_MAX = 65_536
/** Queue length that an offer may state. */
export const QUEUED_MAX = 1_000_000

/** Offers one book holds: about 2 MB. */
export const BOOK_OFFERS_MAX = 2_048
/** Offers (models) of one provider in a book, and in one answer of /cocoon/offer/1. */
export const BOOK_OFFERS_PER_PROVIDER_MAX = 16
/** A full offer is asked for again after this, when the first answer never came. */
export const FETCH_FULL_AGAIN_MS = 10_000

/** Fixed gossip topics per kind of record: the first 6 bits of the model root. */
export const TOPICS_PER_KIND = 64

/** Any single signed record of the batch market except the close. */
export const JOB_RECORD_BYTES_MAX = 4 * 1024
/** A close lists up to BIDS_MAX hashes of 32 bytes. */
export const JOB_CLOSE_BYTES_MAX = 12 * 1024
/** Bids that count in one auction. */
export const BIDS_MAX = 256
/** Lines of one job. */
export const JOB_LINES_MAX = 100_000
/** Tokens of one job, prompt or completion, over all lines. */
export const JOB_TOKENS_MAX = 1_000_000_000_000n
/** Longest auction. */
export const JOB_BIDDING_MS_MAX = 60 * 60_000
/** Furthest deadline. */
export const JOB_DEADLINE_MS_MAX = 7 * 24 * 60 * 60_000
/** Providers that may read one line, at most: each resend is one more reader. */
export const JOB_READERS_MAX = 16
/** Longest life of a bid. */
export const BID_LIFE_MS_MAX = 60 * 60_000
/** Open jobs in one answer of /cocoon/job/1. */
export const JOBS_RESPONSE_MAX = 64

/** First pause of a provider after a failure; it doubles with each one. */
export const COOL_DOWN_FIRST_MS = 2_000
/** Longest such pause. */
export const COOL_DOWN_MAX_MS = 5 * 60_000
/** Score added while it lasts: more than price, load and latency ever add up to. */
export const COOL_DOWN_SCORE = 1_000_000
/** Measured latency that weighs as much as a doubled price. */
export const LATENCY_WEIGHT_MS = 2_000
/** What an unmeasured provider is assumed to take: neither favoured nor shut out. */
export const LATENCY_UNKNOWN_MS = 200

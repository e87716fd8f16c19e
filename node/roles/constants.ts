/** Limits of the roles: how long a peer waits, how much it holds, what it attaches. */

/** Protocol of a session: hello, evidence, seal, requests. */
export const SESSION_PROTOCOL = '/cocoon/session/1'
/** Sessions one provider serves at once; more are refused with a typed refusal. */
export const SESSIONS_MAX = 256
/** Of them by one peer: one for each channel it may pay with, and room to open the next. */
export const SESSIONS_PER_PEER_MAX = 8
/** Messages of one request that wait for their reader before the session is dropped. */
export const REQUEST_QUEUE_MESSAGES_MAX = 512
/** Token ids gathered into one sealed message at most. */
export const TOKENS_MESSAGE_MAX = 16
/** A token waits this long at most for the next one, so that lengths do not spell the answer. */
export const TOKENS_COALESCE_MS = 20
/** A provider waits this long for the next allocation, then ends the request with what was paid. */
export const ALLOCATION_WAIT_MS = 30_000
/** A provider waits this long for a client that does not read, then ends the session. */
export const SEND_WAIT_MS = 30_000
/** A client waits this long for the next message of a request, then goes to another provider. */
export const PROVIDER_SILENCE_MS = 8_000
/** A request waits this long at most for its turn on a provider's engine, then goes to another one. */
export const QUEUE_WAIT_MAX_MS = 60_000
/** A provider tells a client this often that its request still waits. */
export const QUEUE_NOTICE_MS = 2_000
/** Who pays no more for a million completion tokens has no priority; each doubling is one step. */
export const PRIORITY_ZERO_NANO = 3_125_000n
/** Providers that one request is tried with, and so may read it, at most. */
export const ATTEMPTS_MAX = 3
/** Requests wait in line for room when every provider is full, until nobody of the line was served for so long. */
export const BUSY_WAIT_MS = 30_000
export const BUSY_PAUSE_MS = 100
/** Dialling one provider. */
export const DIAL_TIMEOUT_MS = 5_000
/** A cold client asks the DHT for this long before it says that nobody serves the model. */
export const DISCOVERY_TIMEOUT_MS = 5_000
/** Meetings at which a client knows less than was served: so many a channel, and one more for 16 leaves. */
export const FORGOTTEN_MEETINGS_MAX = 8
/** Checkpoints that an honest client can miss when a line breaks: it pays when half a chunk came. */
export const CHECKPOINTS_BEHIND_MAX = 2
/** A new channel lives this long. */
export const CHANNEL_LIFE_S = 30 * 86_400
/** A channel that expires sooner takes no new request. */
export const CHANNEL_EXPIRY_MARGIN_S = 3_600
/** Channels of a store that came from a backup take no voucher for this long: longer than a CloseAuth is valid. */
export const RESTORE_PAUSE_MS = 20 * 60_000
/** Prices of a session are fixed for this long. */
export const PRICE_QUOTE_LIFE_S = 2 * 3_600
/** Waiting for the provider's CloseAuth before the client closes alone. */
export const CLOSE_WAIT_MS = 20_000
/** Events kept for a slow reader of the event stream. */
export const EVENT_QUEUE_MAX = 1_024
/** Lines of one job that run at once on the winner. */
export const JOB_LINES_PARALLEL_MAX = 2
/** Jobs kept in the list. */
export const JOBS_MAX = 1_000
/** Evidence, and after funding the acceptance: each within this, or the provider is given up. */
export const HANDSHAKE_TIMEOUT_MS = 8_000
/** How long bids of a job are taken: gossip there and back, also between machines that are busy. */
export const JOB_BIDDING_MS = 3_000
/** Work of a job must be done this long after its announcement. */
export const JOB_DEADLINE_MS = 30 * 60_000
/** Unclaimed coins of an open channel at which they are claimed: a hundred times what a claim costs. */
export const CLAIM_UNCLAIMED_NANO = 100_000_000n
/** Part of a wallet's balance that claims of one message may carry; the rest pays for sending them. */
export const CLAIM_BALANCE_SHARE = { used: 9n, whole: 10n }
/** A provider looks at its channels this often at least, and so often within one close delay. */
export const CLAIM_WATCH_MS_MAX = 60_000
export const CLAIM_WATCHES_PER_DELAY = 6
/** A sealing key is given to new sessions and new requests for this long, milliseconds. */
export const EPOCH_MS = 3_600_000
/** An answer that runs at the end of its epoch keeps its keys so much longer, milliseconds. */
export const RUNNING_ANSWER_MS = 600_000
/** A new epoch begins so long before the old one ends, so that no session starts at its edge. */
export const EPOCH_MARGIN_MS = 300_000
/** Running answers are ended so long before their keys are over, so that the receipt is signed in time. */
export const KEYS_END_MARGIN_MS = 30_000
/** Nonces that arrive within this share one quote, milliseconds. */
export const CHALLENGE_TICK_MS = 25
/** Challenge quotes are made one every so often at most, milliseconds: 4 a second serve 1,024 clients. */
export const CHALLENGE_INTERVAL_MS = 250
/** Clients that wait for a challenge quote; more are told to ask again. */
export const CHALLENGES_WAITING_MAX = 1_024
/** Providers that a client remembers to have challenged. */
export const CONTACTS_MAX = 4_096

/** Between two looks at an upstream server; its offer stops saying that slots are free when one fails. */
export const UPSTREAM_CHECK_EVERY_MS = 15_000

/** Limits and defaults of the HTTP gateway. */

/** OpenAI requests carry text only; 1 MiB is far beyond any context window served here. */
export const CHAT_BODY_BYTES_MAX = 1_048_576
/** A job carries up to JOB_LINES_MAX requests. */
export const JOB_BODY_BYTES_MAX = 8 * 1_048_576
export const JOB_LINES_MAX = 1_000
/** Bounds the chat template's work. */
export const MESSAGES_MAX = 256
export const MESSAGE_PARTS_MAX = 64
/** Each stop string is matched at every token. */
export const STOP_STRINGS_MAX = 4
export const STOP_STRING_CHARS_MAX = 64
/** More is refused before the model's own context limit is known. */
export const TOKENS_MAX = 131_072
/** When a request names no limit: enough for an answer, small enough to be a spend cap. */
export const DEFAULT_TOKENS_MAX = 256
/** Greedy unless asked: an answer that can be re-executed and checked. */
export const DEFAULT_TEMPERATURE = 0
export const DEFAULT_TOP_P = 1
/** Choices of one prompt; each takes a place among the chats that run at once. */
export const CHOICES_MAX = 8
/** Likely tokens beside each one of a legacy completion, as OpenAI has it. */
export const LEGACY_LOGPROBS_MAX = 5
/** Chats that run at once; the next one is told to wait. */
export const CHATS_IN_FLIGHT_MAX = 64
/** Finished requests whose route, verdict and timings can be asked for, without their text. */
export const FINISHED_REQUESTS_MAX = 100
/** Event streams open at once. */
export const EVENT_STREAMS_MAX = 16
/** A client that sends its header slowly gets this long. */
export const HEADERS_TIMEOUT_MS = 10_000
export const MODEL_ID_CHARS_MAX = 128
export const CUSTOM_ID_CHARS_MAX = 128
/** Answers kept for the same idempotency key, in memory; the oldest make room. */
export const IDEMPOTENCY_ANSWERS_MAX = 256
/** All of them together. */
export const IDEMPOTENCY_BYTES_MAX = 16 * 1_048_576
/** One of them: a larger answer is not kept. */
export const IDEMPOTENCY_ANSWER_BYTES_MAX = 1_048_576
/** How long a call may be sent again. */
export const IDEMPOTENCY_LIFE_MS = 60 * 60_000
/** Room for a UUID with a prefix. */
export const IDEMPOTENCY_KEY_CHARS_MAX = 255
/** Pairs of `metadata`, as OpenAI has it. */
export const METADATA_PAIRS_MAX = 16
/** Prompts of one legacy completion; each is a request of its own. */
export const PROMPTS_MAX = 16
/** Items of the input of /v1/responses. */
export const INPUT_ITEMS_MAX = 256
/** One uploaded file; a batch is a job, and a job takes no more. */
export const UPLOAD_BYTES_MAX = 8 * 1_048_576
/** Around the file in a multipart body. */
export const UPLOAD_OVERHEAD_BYTES_MAX = 65_536
/** Files kept, outputs of batches included. */
export const UPLOADED_FILES_MAX = 512
/** Their bytes together. */
export const UPLOADED_BYTES_MAX = 512 * 1_048_576
/** A longer name is cut. */
export const FILE_NAME_CHARS_MAX = 255
/** Batches kept in the list. */
export const BATCHES_MAX = 1_000
/** Batches that run at once for all callers; each is an auction. */
export const BATCHES_RUNNING_MAX = 8
/** A batch is put up for auction so often at most; each time only what is not answered yet. */
export const BATCH_AUCTIONS_MAX = 4
/** Between two auctions of one batch. */
export const BATCH_PAUSE_MS = 3_000
/** Faulty lines of a batch that are named. */
export const BATCH_ERRORS_MAX = 100
/** OpenAI's only completion window. */
export const BATCH_WINDOW_MS = 24 * 60 * 60_000
/** One page of a listing. */
export const PAGE_ROWS_MAX = 100
/** Pages of other sites that may use the API from a browser. */
export const CORS_ORIGINS_MAX = 32
/** A browser may remember this long that it may ask. */
export const CORS_PREFLIGHT_LIFE_S = 600
/** Connections to the API at once; more are closed at once. */
export const API_CONNECTIONS_MAX = 512
/** All headers of one request. */
export const API_HEADER_BYTES_MAX = 16_384
/** When a full gateway may be asked again. */
export const BUSY_RETRY_AFTER_MS = 1_000

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

/** Limits of the inference room. Every number has its unit in the name and its reason beside it. */

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB

/** Prompt tokens read in one model call. Longer ones may change bits: docs/spec/exactness.md. */
export const PREFILL_CHUNK_TOKENS = 128
/** The same while others answer, who wait for each piece. */
export const PREFILL_SHARED_TOKENS = 32
/** Scores of attention held during one call, in bytes; pieces of prompts are cut to it. */
export const SCORES_BYTES_MAX = 256 * MIB
/** Sequences that are read to find the scales of an int8 cache: outliers come with the first id of each. */
export const CACHE_CALIBRATION_SEQUENCES = 4
/** Ids of each of them; a model with a shorter context reads as many as it can. */
export const CACHE_CALIBRATION_TOKENS = 64
/** Events the engine may be ahead of the reader; bounds memory and work nobody asked for yet. */
export const ENGINE_WINDOW_EVENTS = 32
/** Credit is given back in steps of this many events, so that tokens do not cost a message each. */
export const ENGINE_CREDIT_STEP_EVENTS = 8
/** Requests decoded side by side when the caller names no number. */
export const ENGINE_SLOTS_DEFAULT = 4
/** More slots than this only share one machine into slices nobody would wait for. */
export const ENGINE_SLOTS_MAX = 64
/** Requests that may wait for a slot; beyond it a caller does better elsewhere. */
export const ENGINE_QUEUE_MAX = 64
/** The highest priority of a waiting request: as many prices as anybody tells apart. */
export const QUEUE_PRIORITY_MAX = 10
/** Waiting for so long is worth one step of priority, so that nobody is overtaken for ever. */
export const QUEUE_AGEING_MS = 2_000
/** The longest that a request may ask to wait for its turn. */
export const QUEUE_TIMEOUT_MAX_MS = 600_000
/** Resident memory of the engine process when the caller names no limit. */
export const ENGINE_MEMORY_DEFAULT_BYTES = 4 * GIB
/** Node itself with onnxruntime needs about 150 MiB; less cannot work. */
export const ENGINE_MEMORY_MIN_BYTES = 256 * MIB
/** What the engine process takes before it has a model: Node and onnxruntime, which is about 150 MiB. */
export const ENGINE_BASE_BYTES = 192 * MIB
/** A shorter context than this is not made of a longer one to save memory: chats would not fit. */
export const CONTEXT_FLOOR_TOKENS = 2_048
/** JavaScript heap of the engine process; weights and caches live outside of it. */
export const ENGINE_HEAP_MIB = 512
/** How often the memory guard looks at the resident memory, also during a model call. */
export const ENGINE_MEMORY_CHECK_INTERVAL_MS = 20
/** Threads of one model call when the caller names no number. */
export const ENGINE_THREADS_DEFAULT = 2
/** onnxruntime gains nothing above the cores of one socket. */
export const ENGINE_THREADS_MAX = 128
/** First wait after repeated crashes; doubles with each, so that a broken model cannot spin. */
export const ENGINE_RESTART_BACKOFF_MS = 250
/** Longest wait between two starts of a crashing engine. */
export const ENGINE_RESTART_BACKOFF_MAX_MS = 30_000

/** Positions one answer may use, whatever the model's config says: bounds the KV cache. */
export const CONTEXT_TOKENS_MAX = 131_072
/** Ids of a vocabulary; the largest published ones have about 260,000. */
export const VOCABULARY_MAX = 1_048_576
/** Layers of a decoder; the largest published ones have about 130. */
export const LAYERS_MAX = 512
/** A key under which the engine keeps what it read: a channel's address fits. */
export const CACHE_KEY_CHARS_MAX = 128
/** OpenAI's limit of stop strings. */
export const STOP_STRINGS_MAX = 4
/** A longer stop string would hold back too much text. */
export const STOP_STRING_CHARS_MAX = 256
/** OpenAI's range of the temperature. */
export const TEMPERATURE_MAX = 2

/** Files in a model folder's onnx/: one graph and the parts of its external data. */
export const ONNX_FILES_MAX = 64
/** One file of weights: the limit of a protobuf message, and of one hashing call. */
export const WEIGHTS_FILE_BYTES_MAX = 2 * GIB - 1
/** A model's file is cut into pieces of this many bytes; each can be checked by itself. */
export const MODEL_PIECE_BYTES = 1 * MIB
/** All files of one model together. */
export const MODEL_BYTES_MAX = 64 * GIB
/** config.json and its like are a few KiB. */
export const CONFIG_FILE_BYTES_MAX = 1 * MIB
/** The largest published tokenizer.json files have about 35 MiB. */
export const TOKENIZER_FILE_BYTES_MAX = 64 * MIB
/** One read() call while a file is loaded. */
export const FILE_READ_BYTES = 64 * MIB

/** Messages of one chat. */
export const CHAT_MESSAGES_MAX = 1_024
/** Characters of one chat before it is tokenised: tokenising happens on the caller's thread. */
export const CHAT_CHARS_MAX = 1_048_576

/** The largest `top_k`: what lies behind the first thousand weighs next to nothing. */
export const TOP_K_MAX = 1_024
/** Ids whose logits a request may move; OpenAI's limit. */
export const LOGIT_BIAS_MAX = 300
/** OpenAI's range of one bias. */
export const LOGIT_BIAS_VALUE_MAX = 100
/** OpenAI's limit of `top_logprobs`. */
export const TOP_LOGPROBS_MAX = 20
/** The largest repetition penalty: beyond it a model says what it has never said, whatever it means. */
export const REPETITION_PENALTY_MAX = 2
/** The smallest: logits that are divided by much less than this are no finite numbers any more. */
export const REPETITION_PENALTY_MIN = 0.01
/** OpenAI's range of frequency and presence penalties, either way. */
export const PENALTY_MAX = 2

/** Mean distance of log probabilities, in nats, that other hardware may cause. */
export const VERIFY_GAP_MEAN_MAX = 0.01
/** The same for a single token. */
export const VERIFY_GAP_MAX = 0.25
/** Share of the ids that must be the same when hardware differs: a draw near a border may fall either way. */
export const VERIFY_SAME_IDS_SHARE_MIN = 0.9

/** Text of one JSON schema: what OpenAI accepts is shorter. */
export const SCHEMA_CHARS_MAX = 65_536
/** Schemas inside of one schema: each costs time when it is read and states while it is followed. */
export const SCHEMA_NODES_MAX = 4_096
/** Values of one `enum`. */
export const SCHEMA_ENUM_MAX = 1_024
/** Objects and arrays inside of each other in a constrained answer. */
export const DOCUMENT_DEPTH_MAX = 64
/** Ways to read an answer so far, where alternatives of a schema begin alike; more are not followed. */
export const GRAMMAR_FRAMES_MAX = 256
/** Steps through a grammar for one token: usual schemas take some thousand, long lists of alternatives half a million. */
export const GRAMMAR_STEPS_MAX = 1_000_000
/** States of one answer's grammar that are remembered; each has a table of about 2 KiB. */
export const GRAMMAR_STATES_MAX = 4_096
/** Masks of one answer's grammar that are remembered; each has a bit for each id. */
export const GRAMMAR_MASKS_MAX = 256
/** Functions that one request may offer; OpenAI's limit. */
export const TOOLS_MAX = 128
/** Characters of a function's name; OpenAI's limit. */
export const TOOL_NAME_CHARS_MAX = 64
/** Schemas of all functions of one request together. */
export const TOOLS_CHARS_MAX = 262_144
/** Text of one call while it is held back until it is whole. */
export const TOOL_CALL_CHARS_MAX = 262_144
/** Rendering a chat takes milliseconds: a template that is not done by now is a loop. */
export const CHAT_TEMPLATE_TIMEOUT_MS = 2_000
/** Tokenising one text; a megabyte takes about a second. */
export const TOKENIZER_TIMEOUT_MS = 10_000
/** Requests that may wait for an embedding model. */
export const EMBEDDING_QUEUE_MAX = 64

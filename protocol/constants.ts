/** Limits of what peers may say to each other. Every one is enforced before memory is spent. */

// ---- crypto and trees

/** Imported public keys kept: importing costs more than verifying, 1,024 peers is a busy node. */
export const KEY_CACHE_ENTRIES_MAX = 1_024
/** Manufacturers' signatures remembered as good: a machine has 3 of its own and shares 10. */
export const REMEMBERED_SIGNATURES_MAX = 1_024
/** Leaves of one receipt tree: the count is a u32 in vouchers and on the chain. */
export const TREE_LEAVES_MAX = 0xffff_ffff

// ---- messages

/** One message on a session stream: a receipt file's worth of evidence fits, a model does not. */
export const SESSION_MESSAGE_BYTES_MAX = 1_048_576
/** Nesting of protobuf messages; the schema itself needs 5. */
export const MESSAGE_DEPTH_MAX = 8
/** Fields in one message with all its submessages: what a decoder may build from 1 MiB of them. */
export const MESSAGE_FIELDS_MAX = 8_192

// ---- evidence

/** Exact bytes of a statement; the fields that exist need under 2,500 with a hybrid key. */
export const EVIDENCE_STATEMENT_BYTES_MAX = 8_192
/** A hardware quote with its certificate chain; a TDX quote is about 5,000. */
export const EVIDENCE_QUOTE_BYTES_MAX = 32_768
/** TCB info, QE identity, their chains and revocation lists; about 15,000 today. */
export const EVIDENCE_COLLATERAL_BYTES_MAX = 262_144
/** Reports and certificates of up to 8 GPUs and their switches. */
export const EVIDENCE_GPU_BYTES_MAX = 393_216
/** Digests of what a guest measured at run time: 64 of 48 bytes. */
export const EVIDENCE_EVENT_LOG_BYTES_MAX = 3_072

// ---- session

/** Protocol versions one side may offer. */
export const VERSIONS_MAX = 8
/** Requests open at once on one session. */
export const SESSION_REQUESTS_MAX = 8
/** Requests that a provider may say to go before one that waits. */
export const QUEUED_AHEAD_MAX = 65_535
/** Requests over the life of one session: the table of used request ids must not grow for ever. */
export const SESSION_REQUEST_IDS_MAX = 4_096
/** From opening the stream to the other side's hello. */
export const HELLO_TIMEOUT_MS = 15_000
/** Verdict and, for a new channel, its deployment on the chain. */
export const VERDICT_TIMEOUT_MS = 120_000
/** From the first sealed frame to the provider's answer. */
export const ACCEPT_TIMEOUT_MS = 15_000
/** No message at all on an asking session: a request that makes no progress is given up. */
export const IDLE_TIMEOUT_MS = 120_000

/** A session without an open request is kept warm this long. */
export const SESSION_IDLE_MAX_MS = 600_000
/** Receipts in one sealed message: 192 of them fit into its largest frame. */
export const LEAVES_MESSAGE_MAX = 192
/** Message and remedy of a refusal. */
export const REFUSAL_CHARACTERS_MAX = 512

// ---- sealed frames

/** Plaintext sizes after padding: few enough that a length says little, fine enough to be cheap. */
export const SEAL_BUCKETS_BYTES = [128, 512, 2_048, 8_192, 32_768, 131_072, 524_288] as const
/** Frames under one key: far below AES-GCM's 2^32 bound, and the sequence is a u32. */
export const SEAL_FRAMES_MAX = 1_048_576
/** Encapsulations remembered per sealing key; the key lives an hour, 65,536 sessions in it. */
export const SEAL_REPLAY_ENTRIES_MAX = 65_536

// ---- metering

/** First chunk of a stranger, in tokens: what either side may lose to somebody unknown. */
export const CHUNK_UNITS_MIN = 16
/** Largest chunk, in tokens, however many promises were kept. */
export const CHUNK_UNITS_MAX = 256
/** Tokens of one request, prompt and completion each: more than any model's context today. */
export const REQUEST_UNITS_MAX = 2_097_152

// ---- request document

/** Messages of one chat. */
export const ASK_MESSAGES_MAX = 256
/** The whole document. */
export const ASK_BYTES_MAX = 262_144
/** Stop strings, and characters (UTF-16 code units) of each. */
export const ASK_STOPS_MAX = 4
export const ASK_STOP_CHARACTERS_MAX = 64
/** Model name. */
export const ASK_MODEL_CHARACTERS_MAX = 128
/** Ids that a cut to the most likely ones may keep; more is no cut. */
export const ASK_TOP_K_MAX = 1_024
/** Ids whose logits a request changes, as OpenAI has it. */
export const ASK_LOGIT_BIAS_MAX = 300
/** A token id is a u32 on the wire. */
export const ASK_TOKEN_ID_MAX = 0xffff_ffff
/** Likely ids that come with each token, as OpenAI has it. */
export const ASK_TOP_LOGPROBS_MAX = 20
/** Functions that an answer may call, as OpenAI has it. */
export const ASK_TOOLS_MAX = 128
/** Calls in one message of an assistant. */
export const ASK_TOOL_CALLS_MAX = 128
/** Name of a function, as OpenAI has it. */
export const ASK_TOOL_NAME_CHARACTERS_MAX = 64
/** Id of a call: ours have 29, other servers' have fewer than 64. */
export const ASK_TOOL_CALL_ID_CHARACTERS_MAX = 64
/** Nesting of a JSON schema, and of arguments that a template reads: both are followed by recursion. */
export const ASK_JSON_DEPTH_MAX = 32

// ---- embeddings

/** Texts of one request, as OpenAI has it. */
export const EMBEDDING_INPUTS_MAX = 2_048
/** Numbers of one vector: models have up to 4,096 today. */
export const EMBEDDING_DIMENSIONS_MAX = 65_536
/** Numbers of all vectors of one answer: 4 MiB. */
export const EMBEDDING_NUMBERS_MAX = 1_048_576

// ---- receipts

/** One receipt body; the fields that exist need under 700 bytes. */
export const RECEIPT_BODY_BYTES_MAX = 1_024
/** A bill, voucher or delegate cell as a bag of cells. */
export const CELL_BYTES_MAX = 1_024
/** A receipt file: evidence with collateral is most of it. */
export const RECEIPT_FILE_BYTES_MAX = 1_048_576
/** A TON address in raw text form, "-1:" and 64 digits at most, with room for int32 workchains. */
export const ADDRESS_CHARACTERS_MAX = 76

/** Limits of the command line. */

/** A job file; JOB_LINES_MAX lines of ordinary length are far below this. */
export const JOB_FILE_BYTES_MAX = 8 * 1_048_576
/** Texts of `cocoon embed`, one a line: they are held in memory. */
export const EMBED_FILE_BYTES_MAX = 64 * 1_048_576
/** Texts of one request of `cocoon embed`: what an interruption loses at most, and how often it tells its progress. */
export const EMBED_TEXTS_PER_REQUEST_MAX = 64
/** UTF-8 bytes of them, unless one text alone is longer: their token ids fit ASK_BYTES_MAX. */
export const EMBED_REQUEST_BYTES_MAX = 32_768
/** A receipt file with its evidence is about 20 kB. */
export const RECEIPT_FILE_BYTES_MAX = 1_048_576
/** A snapshot holds a whole small chain. */
export const SNAPSHOT_FILE_BYTES_MAX = 64 * 1_048_576
/** A file of roots: 100,000 rows of 200 bytes are more than a reader has channels. */
export const ROOTS_FILE_BYTES_MAX = 32 * 1_048_576
/** A proof of an epoch anchor: at most 64 hashes in hexadecimal. */
export const ANCHOR_PROOF_BYTES_MAX = 16_384
/** A file of evidence: a bundle with GPUs in hexadecimal is the longest. */
export const EVIDENCE_FILE_BYTES_MAX = 2 * 1_048_576
/** A policy document with every list full is about 300 kB. */
export const POLICY_FILE_BYTES_MAX = 1_048_576
/** One case of the corpus: evidence, collateral, roots and a policy in JSON. */
export const CORPUS_CASE_BYTES_MAX = 1_048_576
/** Cases of one corpus. */
export const CORPUS_CASES_MAX = 4_096

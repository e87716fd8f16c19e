/** Limits of wallet files and of external signers. */

/** In a peer's data folder, beside keys.json. */
export const WALLET_FILE = 'wallet.json'
/** A wallet file, a journal: far below. */
export const WALLET_FILE_BYTES_MAX = 65_536

/** scrypt (RFC 7914) for new files: 128 MiB and about half a second. */
export const SCRYPT_COST = 131_072
/** Least and most that a file may ask for: below it is guessed, above it is a trap for memory. */
export const SCRYPT_COST_MIN = 16_384
export const SCRYPT_COST_MAX = 1_048_576
export const SCRYPT_BLOCK_SIZE = 8
export const SCRYPT_PARALLEL_MAX = 4
export const SALT_BYTES = 32
/** A passphrase shorter than this is refused when a file is made. */
export const PASSPHRASE_CHARS_MIN = 10
export const PASSPHRASE_CHARS_MAX = 1_024
/** Words of a TON mnemonic. */
export const MNEMONIC_WORDS = 24

/** An external signer may ask a person: two minutes. */
export const SIGNER_TIMEOUT_S = 120
/** Its one line: a signature, or why not. */
export const SIGNER_ANSWER_BYTES_MAX = 4_096
/** Words of its command. */
export const SIGNER_WORDS_MAX = 32

/** A balance in a status is not older than this when the chain answers. */
export const BALANCE_AGE_MS_MAX = 10_000
/** Days of deposits kept in the ledger. */
export const DEPOSIT_DAYS_MAX = 400

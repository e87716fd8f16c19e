/** Limits of API keys. */

/** Keys of one client, revoked ones included. */
export const API_KEYS_MAX = 1_000
/** Random bytes of a secret: cannot be guessed, so one fast hash protects it. */
export const KEY_SECRET_BYTES = 32
/** What listings call a key. */
export const KEY_NAME_CHARS_MAX = 64
/** Models that one key may be limited to. */
export const KEY_MODELS_MAX = 64
/** Requests a minute that a key may be allowed at most. */
export const KEY_RATE_MAX = 100_000
/** File in a client's data folder with the token of its owner's own tools; new at each start. */
export const OWNER_TOKEN_FILE = 'owner-token'

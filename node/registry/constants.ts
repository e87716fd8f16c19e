/** Limits of registries on the client's side. */

/** How old a client's look at its registries may be: a revocation is honoured within it. */
export const REGISTRY_AGE_MS_MAX = 15_000
/** Registries of one client: each is read before requests. */
export const REGISTRIES_MAX = 8
/** A file of an action with 16 signatures. */
export const ACTION_FILE_BYTES_MAX = 65_536
/** Registries whose state a machine remembers outside of a peer's store; the oldest is forgotten. */
export const SEEN_REGISTRIES_MAX = 64
/** The file of them. */
export const SEEN_FILE_BYTES_MAX = 65_536
/** Names that are tried against the digests of a registry's entries when it is listed. */
export const LISTED_NAMES_TRIED_MAX = 1_024
/** Models of one registry whose names peers are asked for. */
export const LISTED_ROOTS_ASKED_MAX = 32
/** Asking peers for the name of one of them. */
export const LISTED_ASK_MS = 5_000

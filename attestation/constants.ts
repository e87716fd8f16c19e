/** Limits of evidence. Every one is enforced before the bytes behind it are read. */

// ---- DER

/** One DER object: the longest is a revocation list. */
export const DER_BYTES_MAX = 131_072
/** Nesting: the SGX extension, the deepest object here, needs 4 and a certificate 7. */
export const DER_DEPTH_MAX = 12
/** Children of one DER object: entries of a revocation list. */
export const DER_CHILDREN_MAX = 4_096
/** One certificate: a PCK certificate is about 1,270 bytes. */
export const CERTIFICATE_BYTES_MAX = 4_096
/** Certificates of one chain: leaf, platform CA, root. */
export const CHAIN_CERTIFICATES_MAX = 3
/** Certificates kept in parsed form: those of one quote and its collateral are 8, 4 of them different. */
export const PARSED_CERTIFICATES_MAX = 16
/** TCB infos and QE identities kept in parsed form: two of each kind of platform. */
export const PARSED_DOCUMENTS_MAX = 16
/** Serial number octets (RFC 5280 section 4.1.2.2). */
export const SERIAL_BYTES_MAX = 20

// ---- signed JSON

/** TCB info or QE identity: Intel's are 2 to 20 KB. */
export const SIGNED_JSON_BYTES_MAX = 65_536
/** TCB levels of one document: Intel lists 2 to 20. */
export const TCB_LEVELS_MAX = 64
/** Advisories of one TCB level: Intel lists up to 20. */
export const ADVISORIES_MAX = 128

// ---- quote

/** QE authentication data: Intel's QE sends 32 bytes. */
export const QE_AUTH_BYTES_MAX = 1_024

// ---- freshness

/** Age of the not-before block, milliseconds: an epoch of 60 min and 15 min to hand it on. */
export const NOT_BEFORE_AGE_MS_MAX = 4_500_000
/** Life of the keys from the not-before block on, milliseconds. */
export const KEY_LIFE_MS_MAX = 4_500_000
/** How far a block may be ahead of the chain time that the client read before it, milliseconds. */
export const BLOCK_AHEAD_MS_MAX = 60_000
/** Waiting clients whose nonces share one challenge quote. */
export const CHALLENGE_NONCES_MAX = 256
/** A client nonce. */
export const NONCE_BYTES = 32

// ---- remembered verdicts

/** Verdicts on epoch quotes kept by one client, about 8 KB each. */
export const VERDICTS_MAX = 1_024
/** A good verdict is judged again after this, whatever else would still allow it, milliseconds. */
export const VERDICT_LIFE_MS_MAX = 3_600_000
/** A refused one sooner, milliseconds: long enough that repeating bad evidence costs us nothing. */
export const VERDICT_REFUSED_LIFE_MS = 10_000
/** How closely the limit of a verdict is found, milliseconds; it is rounded down. */
export const VERDICT_LIMIT_STEP_MS = 1_000

// ---- policy

/** Measurements, anchors, advisories and modules of one policy document, each. */
export const POLICY_ENTRIES_MAX = 256
/** Extensions of RTMR3 that a release expects and an event log may hold: a guest makes a handful. */
export const RTMR_EVENTS_MAX = 64

// ---- GPU

/** GPUs of one machine: an HGX board. */
export const GPU_DEVICES_MAX = 8
/** One SPDM request and response: Hopper's are 4,117 bytes. */
export const GPU_REPORT_BYTES_MAX = 16_384
/** Measurement blocks of one report: Hopper's has 64. */
export const GPU_MEASUREMENTS_MAX = 254
/** Vendor fields of one report: Hopper's has 13. */
export const GPU_OPAQUE_FIELDS_MAX = 64
/** Reference integrity manifests of one machine: driver and VBIOS, two versions each. */
export const GPU_RIMS_MAX = 4
/** One manifest: NVIDIA's are 20 to 100 KB. */
export const GPU_RIM_BYTES_MAX = 262_144
/** GPUs that a client remembers: all of a network of a thousand full machines. */
export const GPU_SIGHTINGS_MAX = 8_192
/** How long one is remembered in its machine, milliseconds: as long as a statement can be used. */
export const GPU_SIGHTING_MS = 4_500_000

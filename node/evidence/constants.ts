/** Limits of talking to devices, sockets and tools of the guest. */

/** One GetQuote of dstack's guest agent, milliseconds: the kernel itself waits 30 s for the host. */
export const DSTACK_TIMEOUT_MS = 45_000
/** One run of NVIDIA's tool over 8 GPUs, milliseconds. */
export const NVATTEST_TIMEOUT_MS = 60_000
/** A tool that only prints its state, milliseconds. */
export const SURVEY_TOOL_TIMEOUT_MS = 5_000
/** Output of such a tool, and of a kernel configuration. */
export const SURVEY_TEXT_BYTES_MAX = 1_048_576
/** One answer of NVIDIA's remote attestation service, or one token in it, characters. */
export const NRAS_ANSWER_BYTES_MAX = 65_536
/** Devices of one such answer. */
export const NRAS_DEVICES_MAX = 16
/** How far the service's clock may be from the chain's, seconds. */
export const NRAS_CLOCK_SKEW_S = 60
/** One request to that service, milliseconds: less than a handshake may take. */
export const NRAS_TIMEOUT_MS = 3_000
/** The service's keys are asked for again after, milliseconds. */
export const NRAS_KEYS_LIFE_MS = 3_600_000
/** Its answer about one GPU's evidence is kept this long, milliseconds: no longer than the evidence is used. */
export const NRAS_OPINION_LIFE_MS = 3_600_000
/** While it does not answer it is asked again after, milliseconds. */
export const NRAS_RETRY_MS = 30_000
/** Opinions kept; the oldest goes first. */
export const NRAS_OPINIONS_MAX = 1_024

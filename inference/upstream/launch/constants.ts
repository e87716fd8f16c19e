/** Limits of a launch description. Every number has its unit in the name and its reason beside it. */

/** A whole description: a few hundred files with their digests. */
export const LAUNCH_DESCRIPTION_BYTES_MAX = 256 * 1024
/** Arguments of the server. */
export const LAUNCH_ARGUMENTS_MAX = 256
/** Variables in its environment, which has no others. */
export const LAUNCH_VARIABLES_MAX = 64
/** Files outside of the model that are hashed before each start. */
export const LAUNCH_FILES_MAX = 256
/** Files of the model; the largest published ones have about 200 parts. */
export const LAUNCH_MODEL_FILES_MAX = 512
/** Characters of one argument, value or path. */
export const LAUNCH_TEXT_CHARS_MAX = 4_096
/** Characters of the model's name at the server. */
export const LAUNCH_SERVED_MODEL_CHARS_MAX = 1_024

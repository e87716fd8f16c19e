/** The error of a folder that holds another model than it was named for. */
import { toHex } from '#protocol/bytes.ts'
import { ConfigError } from '#protocol/errors.ts'

/** Says both roots: whoever means the model that is there needs its root to name it. */
export function rootMismatch(found: Uint8Array, expected: Uint8Array): ConfigError {
  const roots = { found: toHex(found), wanted: toHex(expected) }
  return new ConfigError(
    'MODEL_ROOT_MISMATCH',
    `the folder holds the model of root ${roots.found}, not that of ${roots.wanted}`,
    {
      remedy:
        'Restore the model files; if this is the model that you mean, pin its name to its root with `cocoon models pin`.',
      data: roots,
    },
  )
}

/** Why a schema is refused. */
import { ConfigError } from '#protocol/errors.ts'

const KEYWORD_CHARS_MAX = 64

/** A keyword of JSON Schema that is not understood, or not in this place. */
export function unsupported(keyword: string): ConfigError {
  const named = keyword.slice(0, KEYWORD_CHARS_MAX)
  return new ConfigError('SCHEMA_UNSUPPORTED', `the schema uses ${named}, which is unsupported`, {
    remedy: 'Leave it out; docs/spec/structured-output.md lists what is understood.',
    data: { keyword: named },
  })
}

export function invalid(reason: string): ConfigError {
  return new ConfigError('SCHEMA_INVALID', `the schema cannot be used: ${reason}`, {
    remedy: 'Correct the schema.',
    data: { reason },
  })
}

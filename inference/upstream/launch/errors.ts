/** What is wrong with a launch description, as errors. None quotes a value: only names of fields. */
import { ConfigError } from '#protocol/errors.ts'

export function launchInvalid(field: string, cause?: unknown): ConfigError {
  return new ConfigError('LAUNCH_INVALID', `the launch description is not valid: ${field}`, {
    remedy: 'Correct it: docs/OPERATING-UPSTREAM.md shows a whole one.',
    data: { field },
    cause,
  })
}

/** Why a well-formed description is not started. */
export type LaunchRefusal =
  /** It makes a server write down requests, or send them elsewhere. */
  | 'leaks'
  /** It names an address to listen on that others can reach. */
  | 'listens'
  /** It points the server's own connections elsewhere, or loads code into it. */
  | 'environment'

export function launchRefused(name: string, rule: LaunchRefusal): ConfigError {
  return new ConfigError('LAUNCH_REFUSED', `the launch description has ${name}: ${rule}`, {
    remedy: 'Leave it out: no server is started with it.',
    data: { name, rule },
  })
}

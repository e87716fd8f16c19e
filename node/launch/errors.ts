/** What can be wrong with a server that this node starts. No error quotes what the server printed. */
import { ConfigError, UnavailableError } from '#protocol/errors.ts'

export type ListenerRule =
  /** A socket of somebody else listens on the port. */
  | 'foreign'
  /** The server listens on an address that others can reach. */
  | 'exposed'
  /** A process of the server listens beyond loopback on another port, which the description does not allow. */
  | 'elsewhere'
  /** The connection was taken by somebody else, or by nobody in time. */
  | 'taken'

export function listenerRefused(rule: ListenerRule, port: number): UnavailableError {
  return new UnavailableError('LAUNCH_LISTENER', `the launched server's port: ${rule}`, {
    remedy: 'Let the server listen on 127.0.0.1 alone, and nothing else in this guest on its port.',
    data: { rule, port },
  })
}

export type LaunchFailure = 'not started' | 'ended' | 'not ready' | 'stopped'

export function launchFailed(reason: LaunchFailure, cause?: unknown): UnavailableError {
  return new UnavailableError('LAUNCH_FAILED', `the launched server: ${reason}`, {
    remedy: 'Run its command by hand with a test prompt: here what it prints goes nowhere.',
    data: { reason },
    cause,
  })
}

/** `path` as the description names it. */
export function fileChanged(path: string): ConfigError {
  return new ConfigError('LAUNCH_FILE_CHANGED', `${path} is not what the description says`, {
    remedy: 'Restore the file, or describe the new one, which is another runtime to clients.',
    data: { path },
  })
}

export function folderRefused(reason: string): ConfigError {
  return new ConfigError('LAUNCH_FOLDER', `no private copy of the model: ${reason}`, {
    remedy: 'Name a tmpfs that holds the whole model by --launch-folder.',
    data: { reason },
  })
}

export function launchUnsupported(): ConfigError {
  return new ConfigError('LAUNCH_UNSUPPORTED', 'servers are launched on Linux alone', {
    remedy: 'Start the server yourself and name it by --upstream, which is tier open.',
  })
}

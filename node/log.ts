/**
 * Logs: newline-delimited JSON to stderr. Prompts, answers and keys are never passed to a logger; the
 * redaction below is the second line of defence, for objects logged whole.
 */
import { destination, type Level, type Logger, pino } from 'pino'
import { CocoonError } from '#protocol/errors.ts'

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = Level | 'silent'

const PRIVATE_FIELDS: readonly string[] = [
  'seed',
  'identitySeed',
  'walletSeed',
  'settlementSeed',
  'simulatedManufacturerSeed',
  'privateKey',
  'secretKey',
  'key',
  'salt',
  'requestSalt',
  'responseSalt',
  'mnemonic',
  'authorization',
  'prompt',
  'messages',
  'content',
  'text',
]

/** Redacted at the top and one level down: pino's wildcards reach that far without a slow walk. */
const REDACTED_PATHS = PRIVATE_FIELDS.flatMap((field) => [field, `*.${field}`])

export interface LogOptions {
  /** Names the process, for example "provider-1". */
  readonly name: string
  readonly level: LogLevel
  /** Where lines go; stderr when left out. */
  readonly write?: (line: string) => void
}

export function createLog({ name, level, write }: LogOptions): Logger {
  // Synchronous: what was logged before a crash is what explains it.
  const stream = write === undefined ? destination({ fd: 2, sync: true }) : { write }
  return pino(
    {
      name,
      level,
      redact: { paths: REDACTED_PATHS, censor: '[private]' },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    stream,
  )
}

/**
 * An error as it may stand in a log: our own with their message, a stranger's with its name and stack
 * frames only, since a parser's message may quote what it read.
 */
export function describeError(thrown: unknown): string {
  if (!(thrown instanceof Error)) return typeof thrown
  const frames = (thrown.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  const title = thrown instanceof CocoonError ? `${thrown.code}: ${thrown.message}` : thrown.name
  const own = [title, ...frames].join('\n')
  return thrown.cause === undefined ? own : `${own}\ncaused by ${describeError(thrown.cause)}`
}

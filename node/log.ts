/**
 * Logs: newline-delimited JSON to stderr. Prompts, answers and keys are never passed to a logger; the
 * redaction below is the second line of defence, for objects logged whole.
 */
import { destination, type Level, type Logger, pino } from 'pino'

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

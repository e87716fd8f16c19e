/** How a command fails: exit codes, and errors with the cause first and the remedy after it. */
import { asCocoonError, type CocoonError, UnavailableError } from '#protocol/errors.ts'
import { toJson } from '../gateway/json.ts'
import type { Output } from './output.ts'

export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  wallet: 4,
  attestation: 5,
  payment: 6,
  interrupted: 130,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

const EXIT_BY_CODE: Readonly<Record<string, ExitCode>> = {
  INTERRUPTED: EXIT.interrupted,
  INTERNAL: EXIT.failed,
  WALLET_BALANCE: EXIT.wallet,
  WALLET_EXISTS: EXIT.wallet,
  WALLET_FILE: EXIT.wallet,
  WALLET_JOURNAL: EXIT.wallet,
  WALLET_MISSING: EXIT.wallet,
  WALLET_PASSPHRASE: EXIT.wallet,
  WALLET_PASSPHRASE_MISSING: EXIT.wallet,
  WALLET_UNPROTECTED: EXIT.wallet,
  WALLET_WORDS: EXIT.wallet,
  SIGNER_FAILED: EXIT.wallet,
  SIGNER_REFUSED: EXIT.wallet,
  DEPOSIT_CAP_DAY: EXIT.wallet,
  DEPOSIT_CAP_PROVIDER: EXIT.wallet,
  KEY_MISSING: EXIT.wallet,
  KEY_REFUSED: EXIT.wallet,
  KEY_REVOKED: EXIT.wallet,
  KEY_EXPIRED: EXIT.wallet,
  KEY_MODEL_REFUSED: EXIT.wallet,
  OWNER_REQUIRED: EXIT.wallet,
  API_EXPOSED_WITHOUT_KEY: EXIT.wallet,
  NOT_FOUND: EXIT.failed,
  STORE_LOCKED: EXIT.failed,
  TESTNET_RUNNING: EXIT.failed,
  MODEL_ACCESS_REFUSED: EXIT.wallet,
  MODEL_DISK_FULL: EXIT.failed,
  MODEL_IN_USE: EXIT.failed,
  MODEL_PULL_RUNNING: EXIT.failed,
}

const EXIT_BY_KIND: Record<CocoonError['kind'], ExitCode> = {
  config: EXIT.usage,
  unavailable: EXIT.unreachable,
  protocol: EXIT.failed,
  attestation: EXIT.attestation,
  settlement: EXIT.payment,
}

export function exitCodeOf(error: CocoonError): ExitCode {
  return EXIT_BY_CODE[error.code] ?? EXIT_BY_KIND[error.kind]
}

export interface FailureForm {
  readonly json: boolean
  /** With the stack and the causes. */
  readonly debug: boolean
}

/** Prints what was thrown and returns the exit code. */
export function reportFailure(thrown: unknown, form: FailureForm, output: Output): ExitCode {
  const error = fromAbort(thrown) ?? asCocoonError(thrown)
  if (form.json) {
    output.talk(toJson(error.toDocument()))
  } else {
    const { code, message, remedy, docs } = error.toDocument()
    output.talk(`cocoon: ${message}`, 'red')
    output.talk(`  ${remedy}`)
    output.talk(`  ${code}, see ${docs}`)
  }
  if (form.debug) output.talk(stackOf(thrown))
  return exitCodeOf(error)
}

function fromAbort(thrown: unknown): CocoonError | undefined {
  if (!(thrown instanceof Error) || thrown.name !== 'AbortError') return undefined
  return new UnavailableError('INTERRUPTED', 'interrupted', { remedy: 'Run the command again.' })
}

function stackOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  const cause = thrown.cause === undefined ? '' : `\ncaused by ${stackOf(thrown.cause)}`
  return `${thrown.stack ?? thrown.message}${cause}`
}

/**
 * Errors are grouped by what the caller should do next. Every error carries a stable `code`
 * (listed in docs/ERRORS.md, held equal to the code by a test), a remedy and typed data.
 */

/** What the caller should do: fix its input, try again, drop the peer, stop, or dispute. */
export type ErrorKind = 'config' | 'unavailable' | 'protocol' | 'attestation' | 'settlement'

/** Values that may be attached to an error: never prompts, answers or keys. */
export type ErrorData = Readonly<Record<string, string | number | boolean | bigint>>

export interface ErrorInit {
  /** What the person or program should do about it, one sentence. */
  readonly remedy?: string
  readonly data?: ErrorData
  readonly cause?: unknown
}

/** The shape in which an error leaves the process: stderr, HTTP and the wire. */
export interface ErrorDocument {
  readonly code: string
  readonly message: string
  readonly remedy: string
  readonly docs: string
}

/** Base of every error that Cocoon throws on purpose. Branch on `code`, never on the message. */
export class CocoonError extends Error {
  readonly kind: ErrorKind
  readonly code: string
  readonly remedy: string
  readonly data: ErrorData

  constructor(kind: ErrorKind, code: string, message: string, init: ErrorInit = {}) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause })
    this.name = 'CocoonError'
    this.kind = kind
    this.code = code
    this.remedy = init.remedy ?? DEFAULT_REMEDY[kind]
    this.data = init.data ?? {}
  }

  toDocument(): ErrorDocument {
    return {
      code: this.code,
      message: this.message,
      remedy: this.remedy,
      docs: `docs/ERRORS.md#${this.code.toLowerCase()}`,
    }
  }
}

const DEFAULT_REMEDY: Record<ErrorKind, string> = {
  config: 'Correct the input and run the command again.',
  unavailable: 'Try again; if it lasts, look at `cocoon testnet status`.',
  protocol: 'The other peer broke the protocol; another peer is used from now on.',
  attestation: 'Do not send anything to this provider; choose another one.',
  settlement: 'Close the channel at its last voucher and compare both ledgers.',
}

/** The input or the configuration is wrong: fix it. */
export class ConfigError extends CocoonError {
  constructor(code: string, message: string, init?: ErrorInit) {
    super('config', code, message, init)
  }
}

/** Something is not there now: try again, here or elsewhere. */
export class UnavailableError extends CocoonError {
  constructor(code: string, message: string, init?: ErrorInit) {
    super('unavailable', code, message, init)
  }
}

/** A peer broke the protocol: drop it. */
export class ProtocolError extends CocoonError {
  constructor(code: string, message: string, init?: ErrorInit) {
    super('protocol', code, message, init)
  }
}

/** Evidence was refused: stop, send nothing. */
export class AttestationError extends CocoonError {
  constructor(code: string, message: string, init?: ErrorInit) {
    super('attestation', code, message, init)
  }
}

/** Money does not add up: freeze, close, dispute. */
export class SettlementError extends CocoonError {
  constructor(code: string, message: string, init?: ErrorInit) {
    super('settlement', code, message, init)
  }
}

/** Wraps anything thrown into a CocoonError, so that no stranger's message reaches the wire. */
export function asCocoonError(thrown: unknown): CocoonError {
  if (thrown instanceof CocoonError) return thrown
  return new UnavailableError('INTERNAL', 'an internal error stopped this operation', {
    cause: thrown,
    remedy: 'Report it with the log of this process.',
  })
}

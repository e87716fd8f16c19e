/** What can be wrong with an upstream server. No error quotes what the server said: that may be an answer. */
import { ConfigError, UnavailableError } from '#protocol/errors.ts'

/** The rule that an answer broke. */
export type DriftRule =
  /** An id that is not in the vocabulary of the local tokenizer. */
  | 'vocabulary'
  /** Text that is not what the ids spell. */
  | 'text'
  /** Usage that differs from what was sent or received, or is missing. */
  | 'usage'
  /** The answer of another model than was asked for. */
  | 'model'
  /** More tokens than were asked for. */
  | 'length'
  /** An end that no end token, stop string or limit explains, or ids behind the end. */
  | 'end'
  /** No token ids, though the server gave them when it was tried. */
  | 'ids'
  /** Asked for and missing, of another id than the one that came, or above 0. */
  | 'logprobs'
  /** Text that is not the document, or the calls, that were asked for; or an end in the middle of them. */
  | 'constraint'

export function drifted(rule: DriftRule): UnavailableError {
  return new UnavailableError('UPSTREAM_DRIFT', `the upstream server is not what it was: ${rule}`, {
    remedy:
      rule === 'constraint'
        ? 'Ask another provider; its owner looks at how the server keeps to JSON schemas.'
        : 'Compare its model, tokenizer and version with the local model folder.',
    data: { rule },
  })
}

export function unreachable(cause?: unknown): UnavailableError {
  return new UnavailableError('UPSTREAM_UNREACHABLE', 'the upstream server does not answer', {
    remedy: 'Start it, or correct --upstream; `cocoon doctor` looks at it.',
    cause,
  })
}

export type TimeoutPhase = 'connect' | 'first-token' | 'idle'

export function timedOut(phase: TimeoutPhase, timeoutMs: number): UnavailableError {
  return new UnavailableError('UPSTREAM_TIMEOUT', `the upstream server was silent: ${phase}`, {
    remedy: 'Look at its log and load; give it fewer slots.',
    data: { phase, timeoutMs },
  })
}

/** `retryAfterS`: as the server asked; 0 where it did not. */
export function busy(status: number, retryAfterS: number): UnavailableError {
  return new UnavailableError('UPSTREAM_BUSY', 'the upstream server takes no more work now', {
    remedy: 'Try again later, or use another provider; the owner may lower --slots.',
    data: { status, retryAfterS },
  })
}

export function refused(status: number): UnavailableError {
  const isRedirect = status >= 300 && status < 400
  const what = isRedirect ? 'redirects, which is never followed' : 'refuses the request'
  return new UnavailableError('UPSTREAM_REFUSED', `the upstream server ${what}: ${status}`, {
    remedy: 'Name its own address; set COCOON_UPSTREAM_KEY where it asks for a key.',
    data: { status },
  })
}

export function malformed(reason: string): UnavailableError {
  return new UnavailableError('UPSTREAM_MALFORMED', `the upstream server's answer: ${reason}`, {
    remedy: 'Name the address of a vLLM, SGLang, llama.cpp or OpenAI-compatible server.',
    data: { reason },
  })
}

/** The stream broke off, or the server itself gave up. */
export function endedEarly(): UnavailableError {
  return new UnavailableError('UPSTREAM_ENDED', 'the upstream server ended before its answer', {
    remedy: 'Try again; look at its log.',
  })
}

export function modelMissing(model: string): UnavailableError {
  return new UnavailableError('UPSTREAM_MODEL', `the upstream server does not serve ${model}`, {
    remedy: 'Start it with this model, or name the model it serves by --upstream-model.',
    data: { model },
  })
}

export function unsupported(dialect: string, field: string): ConfigError {
  return new ConfigError('UPSTREAM_FIELD', `${dialect} cannot be asked for ${field}`, {
    remedy: `Leave out ${field}, or use another provider.`,
    data: { dialect, field },
  })
}

/** Why an answer that broke off cannot go on at a server. */
export type NoResumeReason = 'no token ids' | 'penalties counted anew' | 'a grammar begun anew'

export function noResume(dialect: string, reason: NoResumeReason): UnavailableError {
  return new UnavailableError('UPSTREAM_NO_RESUME', `${dialect} cannot go on: ${reason}`, {
    remedy: 'Ask from the beginning, or use another provider.',
    data: { dialect, reason },
  })
}

export function badOption(option: string, reason: string): ConfigError {
  return new ConfigError('UPSTREAM_OPTION', `${option} of the upstream: ${reason}`, {
    remedy: 'See docs/OPERATING-UPSTREAM.md.',
    data: { option },
  })
}

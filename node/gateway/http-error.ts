/** Errors as HTTP: the OpenAI shape, plus the remedy and where it is documented. */
import type { CocoonError, ErrorKind } from '#protocol/errors.ts'
import { asCocoonError } from '#protocol/errors.ts'
import { toJson } from './json.ts'

export interface HttpErrorBody {
  readonly error: {
    readonly message: string
    readonly type: string
    /** The offending field, for example `messages[0].content`. */
    readonly param: string | null
    readonly code: string
    readonly remedy: string
    readonly docs: string
    /** Typed data; for NO_PROVIDER each provider's reason. */
    readonly data: CocoonError['data']
  }
}

const TYPE_BY_KIND: Record<ErrorKind, string> = {
  config: 'invalid_request_error',
  unavailable: 'service_unavailable_error',
  protocol: 'upstream_error',
  attestation: 'attestation_error',
  settlement: 'payment_error',
}

const STATUS_BY_KIND: Record<ErrorKind, number> = {
  config: 400,
  unavailable: 503,
  protocol: 502,
  attestation: 502,
  settlement: 402,
}

const STATUS_BY_CODE: Readonly<Record<string, number>> = {
  MODEL_UNKNOWN: 404,
  NOT_FOUND: 404,
  HOST_REFUSED: 403,
  ORIGIN_REFUSED: 403,
  BODY_TOO_LARGE: 413,
  CONTENT_TYPE_REFUSED: 415,
  KEY_MISSING: 401,
  KEY_REFUSED: 401,
  KEY_REVOKED: 401,
  KEY_EXPIRED: 401,
  KEY_MODEL_REFUSED: 403,
  OWNER_REQUIRED: 403,
  KEY_UNKNOWN: 404,
  FILE_IN_USE: 409,
  IDEMPOTENCY_RUNNING: 409,
  IDEMPOTENCY_BODY_DIFFERS: 422,
  KEY_RATE_LIMITED: 429,
  BATCHES_TOO_MANY: 429,
  FILES_TOO_MANY: 429,
  GATEWAY_BUSY: 429,
  PROVIDERS_BUSY: 429,
  INTERNAL: 500,
}

/** What OpenAI's libraries expect beside these statuses, whatever the kind of the error. */
const TYPE_BY_STATUS: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  429: 'rate_limit_error',
  500: 'internal_error',
}

function httpStatus(error: CocoonError): number {
  return STATUS_BY_CODE[error.code] ?? STATUS_BY_KIND[error.kind]
}

export function httpErrorBody(error: CocoonError): HttpErrorBody {
  const { code, remedy, docs } = error.toDocument()
  const param = error.data['param']
  return {
    error: {
      message: messageOf(error),
      type: TYPE_BY_STATUS[httpStatus(error)] ?? TYPE_BY_KIND[error.kind],
      param: typeof param === 'string' ? param : null,
      code,
      remedy,
      docs,
      data: error.data,
    },
  }
}

/** OpenAI clients show the message only: why each provider was refused must be in it. */
function messageOf(error: CocoonError): string {
  if (error.code !== 'NO_PROVIDER') return error.message
  const reasons = Object.entries(error.data)
    .filter(([, reason]) => !error.message.includes(String(reason)))
    .map(([name, reason]) => `${name}: ${reason}`)
  return reasons.length === 0 ? error.message : `${error.message} (${reasons.join('; ')})`
}

/** Anything thrown becomes a response; a stranger's message never leaves the process. */
export function errorResponse(thrown: unknown, headers: Record<string, string> = {}): Response {
  const error = asCocoonError(thrown)
  return new Response(toJson(httpErrorBody(error)), {
    status: httpStatus(error),
    headers: {
      'content-type': 'application/json',
      ...retryHeaders(error),
      ...headers,
    },
  })
}

/** The network was already searched: only what says when is worth asking again by itself. */
function retryHeaders({ data }: CocoonError): Record<string, string> {
  const waitMs = data['retryAfterMs']
  if (typeof waitMs !== 'number') return { 'x-should-retry': 'false' }
  // Whole seconds (RFC 9110, section 10.2.3); the second header is what OpenAI's libraries prefer.
  return {
    'x-should-retry': 'true',
    'retry-after': String(Math.ceil(waitMs / 1000)),
    'retry-after-ms': String(waitMs),
  }
}

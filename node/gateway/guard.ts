/**
 * Keeps web pages out. A page that the owner has open may send requests to 127.0.0.1: DNS rebinding is
 * stopped by the Host header, cross-site posting by Origin and by asking for a JSON content type (which
 * makes a browser ask first). Pages of the owner's choice may be listed, each by its exact origin.
 */
import type { Context, MiddlewareHandler } from 'hono'
import { ConfigError } from '#protocol/errors.ts'
import { CORS_ORIGINS_MAX, CORS_PREFLIGHT_LIFE_S } from './constants.ts'
import { errorResponse } from './http-error.ts'

const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]'])

/** The only path that takes another body, as OpenAI's API has it. */
const UPLOAD_PATH = '/v1/files'

export interface GuardOptions {
  /** Origins of pages that may call from a browser. */
  readonly corsOrigins: readonly string[]
  /** Other names than loopback may stand in Host: a key is asked for instead. */
  readonly isExposed: boolean
}

/** @throws ConfigError CORS_ORIGIN_INVALID */
export function pageGuard({ corsOrigins, isExposed }: GuardOptions): MiddlewareHandler {
  const listed = checkedOrigins(corsOrigins)
  return async (context, next) => {
    const { method, path } = context.req
    const origin = context.req.header('origin')
    const refusal =
      (isExposed ? undefined : refuseHost(context.req.header('host'))) ??
      refuseOrigin(origin, listed) ??
      (method === 'POST' ? refuseContentType(context, path) : undefined)
    if (refusal) return errorResponse(refusal)
    const isListed = origin !== undefined && listed.has(origin)
    if (isListed && method === 'OPTIONS') return preflight(origin)
    await next()
    if (!isListed) return
    context.res.headers.set('access-control-allow-origin', origin)
    context.res.headers.set('access-control-expose-headers', EXPOSED_HEADERS)
    context.res.headers.append('vary', 'origin')
  }
}

const EXPOSED_HEADERS = [
  'x-request-id',
  'x-cocoon-provider',
  'x-cocoon-tier',
  'x-cocoon-receipt',
  'x-cocoon-price-nano',
  'retry-after',
].join(', ')

/** Fetch standard, section 3.2: the one origin, never `*`. */
function preflight(origin: string): Response {
  return new Response(null, {
    status: 204,
    headers: {
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET, POST, DELETE',
      'access-control-allow-headers':
        'authorization, content-type, idempotency-key, x-cocoon-max-price-nano',
      'access-control-max-age': String(CORS_PREFLIGHT_LIFE_S),
      vary: 'origin',
    },
  })
}

function checkedOrigins(origins: readonly string[]): ReadonlySet<string> {
  for (const origin of origins) {
    const parsed = URL.parse(origin)
    const isWeb = parsed?.protocol === 'https:' || parsed?.protocol === 'http:'
    if (isWeb && parsed.origin === origin && origins.length <= CORS_ORIGINS_MAX) continue
    throw new ConfigError('CORS_ORIGIN_INVALID', 'an origin that may call is no exact origin', {
      remedy: 'Name origins such as https://app.example; a star is not taken, keys are at stake.',
    })
  }
  return new Set(origins)
}

function refuseHost(host: string | undefined): ConfigError | undefined {
  if (host !== undefined && isLoopback(`http://${host}`)) return undefined
  return new ConfigError('HOST_REFUSED', 'this server answers to loopback names only', {
    remedy: 'Use http://127.0.0.1 or http://localhost with its port.',
  })
}

function refuseOrigin(
  origin: string | undefined,
  listed: ReadonlySet<string>,
): ConfigError | undefined {
  if (origin === undefined || isLoopback(origin) || listed.has(origin)) return undefined
  return new ConfigError('ORIGIN_REFUSED', 'pages of other sites may not use this server', {
    remedy: 'Call it from a program, a page on this machine, or list its origin: --cors-origin.',
  })
}

function refuseContentType({ req }: Context, path: string): ConfigError | undefined {
  const type = req.header('content-type')
  const wanted = path === UPLOAD_PATH ? 'multipart/form-data' : 'application/json'
  const named = type?.split(';')[0]?.trim().toLowerCase()
  // OpenAI's libraries send some calls, such as cancelling, without a body.
  const isEmpty = Number(req.header('content-length') ?? 0) === 0
  const hasBody = !isEmpty || req.header('transfer-encoding') !== undefined
  if (named === wanted || (type === undefined && !hasBody)) return undefined
  return new ConfigError('CONTENT_TYPE_REFUSED', `the body must be ${wanted}`, {
    remedy: `Send the header content-type: ${wanted}.`,
  })
}

function isLoopback(url: string): boolean {
  const parsed = URL.parse(url)
  return parsed !== null && LOOPBACK_NAMES.has(parsed.hostname)
}

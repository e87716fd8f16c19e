/**
 * Keeps web pages out. A page that the owner has open may send requests to 127.0.0.1: DNS rebinding is
 * stopped by the Host header, cross-site posting by Origin and by asking for a JSON content type (which
 * makes a browser ask first, and no CORS header ever answers).
 */
import type { MiddlewareHandler } from 'hono'
import { ConfigError } from '#protocol/errors.ts'
import { errorResponse } from './http-error.ts'

const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]'])

export function loopbackOnly(): MiddlewareHandler {
  return async (context, next) => {
    const refusal =
      refuseHost(context.req.header('host')) ??
      refuseOrigin(context.req.header('origin')) ??
      refuseContentType(context.req.method, context.req.header('content-type'))
    if (refusal) return errorResponse(refusal)
    await next()
  }
}

function refuseHost(host: string | undefined): ConfigError | undefined {
  if (host !== undefined && isLoopback(`http://${host}`)) return undefined
  return new ConfigError('HOST_REFUSED', 'this server answers to loopback names only', {
    remedy: 'Use http://127.0.0.1 or http://localhost with its port.',
  })
}

function refuseOrigin(origin: string | undefined): ConfigError | undefined {
  if (origin === undefined || isLoopback(origin)) return undefined
  return new ConfigError('ORIGIN_REFUSED', 'pages of other sites may not use this server', {
    remedy: 'Call it from a program, or from a page served on this machine.',
  })
}

function refuseContentType(method: string, type: string | undefined): ConfigError | undefined {
  if (method !== 'POST' || /^application\/json\s*(;|$)/i.test(type ?? '')) return undefined
  return new ConfigError('CONTENT_TYPE_REFUSED', 'the body must be application/json', {
    remedy: 'Send the header content-type: application/json.',
  })
}

function isLoopback(url: string): boolean {
  const parsed = URL.parse(url)
  return parsed !== null && LOOPBACK_NAMES.has(parsed.hostname)
}

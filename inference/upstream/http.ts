/** Requests to an upstream server: bounded, timed, never redirected. */
import { CocoonError } from '#protocol/errors.ts'
import {
  UPSTREAM_CHECK_TIMEOUT_MS,
  UPSTREAM_CONNECT_TIMEOUT_MS,
  UPSTREAM_DOCUMENT_BYTES_MAX,
  UPSTREAM_FIRST_TOKEN_TIMEOUT_MS,
  UPSTREAM_IDLE_TIMEOUT_MS,
  UPSTREAM_RETRY_AFTER_S_MAX,
} from './constants.ts'
import { badOption, busy, malformed, refused, timedOut, unreachable } from './errors.ts'

export interface UpstreamTimeouts {
  readonly connectMs: number
  readonly firstTokenMs: number
  readonly idleMs: number
  readonly checkMs: number
}

export const DEFAULT_TIMEOUTS: UpstreamTimeouts = {
  connectMs: UPSTREAM_CONNECT_TIMEOUT_MS,
  firstTokenMs: UPSTREAM_FIRST_TOKEN_TIMEOUT_MS,
  idleMs: UPSTREAM_IDLE_TIMEOUT_MS,
  checkMs: UPSTREAM_CHECK_TIMEOUT_MS,
}

export interface UpstreamAccess {
  /** Without a trailing slash; nothing secret in it. */
  readonly baseUrl: string
  /** Sent as a bearer token; never shown. */
  readonly apiKey?: string | undefined
  readonly fetch: typeof globalThis.fetch
  readonly timeoutSignal: (timeoutMs: number) => AbortSignal
  readonly timeouts: UpstreamTimeouts
}

/**
 * The base of an upstream's address: http or https, no credentials, query or fragment; a final `/v1`
 * is left out, so that both common ways to write it mean the same.
 * @throws ConfigError UPSTREAM_OPTION
 */
export function upstreamBase(text: string): string {
  const url = URL.parse(text)
  if (url === null) throw badOption('url', 'not an address')
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw badOption('url', 'not http')
  if (url.username !== '' || url.password !== '') {
    throw badOption('url', 'a key belongs into COCOON_UPSTREAM_KEY')
  }
  if (url.search !== '' || url.hash !== '') throw badOption('url', 'a query has no place in it')
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '').replace(/\/v1$/, '')
}

/**
 * What no header takes is refused here: fetch would say so in words that hold the key.
 * @throws ConfigError UPSTREAM_OPTION
 */
export function checkKey(apiKey: string | undefined): void {
  if (apiKey === undefined || /^[\x21-\x7e]+$/.test(apiKey)) return
  throw badOption('key', 'empty, or with white space or other characters than ASCII')
}

/**
 * Posts a question and returns its stream of bytes.
 * @throws UnavailableError UPSTREAM_UNREACHABLE, UPSTREAM_TIMEOUT, UPSTREAM_BUSY, UPSTREAM_REFUSED
 */
export async function postStream(
  access: UpstreamAccess,
  path: string,
  body: unknown,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const response = await send(access, path, access.timeouts.connectMs, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    signal,
  })
  if (response.body === null) throw malformed('an empty response')
  return response.body
}

/**
 * A small document, parsed; undefined where the server has no such path.
 * @throws UnavailableError UPSTREAM_UNREACHABLE, UPSTREAM_TIMEOUT, UPSTREAM_BUSY, UPSTREAM_REFUSED,
 *   UPSTREAM_MALFORMED
 */
export async function getDocument(access: UpstreamAccess, path: string): Promise<unknown> {
  const { checkMs } = access.timeouts
  const signal = access.timeoutSignal(checkMs)
  let text: string
  try {
    const response = await send(access, path, checkMs, { method: 'GET', signal })
    text = await readText(response)
  } catch (thrown) {
    const isMissing = thrown instanceof CocoonError && MISSING.has(Number(thrown.data['status']))
    if (isMissing) return undefined
    if (signal.aborted) throw timedOut('connect', checkMs)
    throw thrown
  }
  // vLLM's /health answers 200 with an empty body.
  if (text === '') return {}
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const MISSING: ReadonlySet<number> = new Set([404, 405])

async function send(
  access: UpstreamAccess,
  path: string,
  timeoutMs: number,
  init: RequestInit & { readonly signal: AbortSignal },
): Promise<Response> {
  const timeout = access.timeoutSignal(timeoutMs)
  const waiting = new AbortController()
  const giveUp = () => waiting.abort()
  timeout.addEventListener('abort', giveUp, { once: true })
  init.signal.addEventListener('abort', giveUp, { once: true })
  const { apiKey } = access
  const headers = new Headers(init.headers)
  if (apiKey !== undefined) headers.set('authorization', `Bearer ${apiKey}`)
  let response: Response
  try {
    init.signal.throwIfAborted()
    const { method = 'GET', body = null } = init
    const { signal } = waiting
    response = await access.fetch(`${access.baseUrl}${path}`, {
      ...{ method, body, headers, signal },
      redirect: 'manual',
    })
  } catch (thrown) {
    if (timeout.aborted && !init.signal.aborted) throw timedOut('connect', timeoutMs)
    if (isNoHttp(thrown)) throw malformed('not HTTP, or headers beyond every size')
    // Its message may name the address with whatever an owner put into it.
    throw unreachable(thrown)
  } finally {
    // The body has clocks of its own; only the caller's signal still ends it.
    timeout.removeEventListener('abort', giveUp)
  }
  if (response.status === 200) return response
  await response.body?.cancel().catch(() => undefined)
  if (response.status === 429 || response.status === 503) {
    throw busy(response.status, retryAfterS(response.headers.get('retry-after')))
  }
  throw refused(response.status)
}

/** Something answers there, in a way that fetch gives up: its own limit of headers, or its parser. */
function isNoHttp(thrown: unknown): boolean {
  const cause = thrown instanceof Error ? thrown.cause : undefined
  if (!(cause instanceof Error)) return false
  return cause.name === 'HTTPParserError' || cause.name === 'HeadersOverflowError'
}

/** Seconds only: a date would need a clock that both sides agree on. */
function retryAfterS(text: string | null): number {
  if (text === null || !/^\d{1,9}$/.test(text)) return 0
  return Math.min(Number(text), UPSTREAM_RETRY_AFTER_S_MAX)
}

async function readText(response: Response): Promise<string> {
  const reader = response.body?.getReader()
  if (reader === undefined) return ''
  const decoder = new TextDecoder()
  let text = ''
  for (let bytes = 0; ; ) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    bytes += value.length
    if (bytes > UPSTREAM_DOCUMENT_BYTES_MAX) {
      await reader.cancel().catch(() => undefined)
      throw malformed('a document beyond every size')
    }
    text += decoder.decode(value, { stream: true })
  }
}

/** Bounded HTTP: size and time are limited, redirects are refused, only status 200 counts. */
import { UnavailableError } from '#protocol/errors.ts'
import { COLLATERAL_ANSWER_BYTES_MAX, COLLATERAL_TIMEOUT_MS } from './constants.ts'

export interface HttpAnswer {
  readonly body: Uint8Array
  /** Value of a response header, null: there is none. */
  header(name: string): string | null
}

export interface HttpLimits {
  readonly timeoutMs?: number
  readonly bytesMax?: number
}

/** @throws UnavailableError COLLATERAL_UNAVAILABLE */
export function get(url: string, limits: HttpLimits = {}): Promise<HttpAnswer> {
  return ask(url, {}, limits)
}

/** @throws UnavailableError COLLATERAL_UNAVAILABLE */
export function postJson(
  url: string,
  document: unknown,
  limits: HttpLimits = {},
): Promise<HttpAnswer> {
  const headers = { 'content-type': 'application/json', accept: 'application/json' }
  return ask(url, { method: 'POST', headers, body: JSON.stringify(document) }, limits)
}

async function ask(url: string, request: RequestInit, limits: HttpLimits): Promise<HttpAnswer> {
  const { timeoutMs = COLLATERAL_TIMEOUT_MS, bytesMax = COLLATERAL_ANSWER_BYTES_MAX } = limits
  const host = new URL(url).host
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    const response = await fetch(url, { ...request, signal, redirect: 'error' })
    if (response.status !== 200) throw unavailable(host, `status ${response.status}`)
    const body = await bounded(response, host, bytesMax)
    return { body, header: (name) => response.headers.get(name) }
  } catch (cause) {
    if (cause instanceof UnavailableError) throw cause
    const reason = signal.aborted
      ? `no answer in ${timeoutMs} ms`
      : 'no connection, or it broke off'
    throw unavailable(host, reason, cause)
  }
}

async function bounded(response: Response, host: string, bytesMax: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of response.body ?? []) {
    length += part.length
    if (length > bytesMax) throw unavailable(host, `more than ${bytesMax} bytes`)
    parts.push(part)
  }
  return new Uint8Array(Buffer.concat(parts))
}

function unavailable(host: string, reason: string, cause?: unknown): UnavailableError {
  return new UnavailableError('COLLATERAL_UNAVAILABLE', `${host}: ${reason}`, { cause })
}

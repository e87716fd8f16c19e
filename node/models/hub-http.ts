/**
 * Requests to a hub. Redirects are followed by hand: the token is for the hub's own origin and goes
 * nowhere else, not even to the store that the hub points to.
 */
import { ConfigError, UnavailableError } from '#protocol/errors.ts'
import { isLoopbackHost } from '../gateway/serve.ts'
import { HUB_REDIRECTS_MAX, HUB_STALL_MS } from './constants.ts'

export interface HubAccess {
  /** Base URL without a slash at its end. */
  readonly endpoint: string
  /** Shown to the hub alone; never in an error or an event. */
  readonly token: string | undefined
  readonly stallMs?: number
}

/** An answer with status 200 or 206, its body unread. */
export interface HubAnswer {
  readonly status: number
  header(name: string): string | null
  /** Parts of the body; rejects when nothing comes for the stall time. */
  readonly body: AsyncIterable<Uint8Array>
  /** Lets go of what was not read. */
  discard(): void
}

/** A refusal that may pass: another try is worth its while. */
export class HubTrouble extends UnavailableError {
  /** What the hub asked for, milliseconds. */
  readonly retryAfterMs: number | undefined

  constructor(reason: string, retryAfterMs?: number, cause?: unknown) {
    super('MODEL_HUB_UNAVAILABLE', reason, {
      cause,
      remedy:
        'Run it again: it goes on where it stopped. If it lasts, check the connection and the address (--endpoint, HF_ENDPOINT).',
    })
    this.retryAfterMs = retryAfterMs
  }
}

/** @throws ConfigError MODEL_ENDPOINT_INVALID: only HTTPS, or this machine */
export function checkEndpoint(endpoint: string): string {
  const url = URL.parse(endpoint)
  const isGood =
    url !== null &&
    isAllowed(url) &&
    url.search === '' &&
    url.hash === '' &&
    url.username === '' &&
    url.password === ''
  if (isGood) return endpoint.replace(/\/+$/, '')
  throw new ConfigError('MODEL_ENDPOINT_INVALID', 'the endpoint is no HTTPS address', {
    remedy: 'Write it like https://huggingface.co; plain HTTP is taken on this machine only.',
  })
}

/**
 * @returns the token, which is visible ASCII: anything else could be no header field (RFC 9110 section 5.5)
 * @throws ConfigError CONFIG_INVALID, without the token
 */
export function checkToken(token: string | undefined): string | undefined {
  if (token === undefined || /^[\x21-\x7e]+$/.test(token)) return token
  throw new ConfigError('CONFIG_INVALID', 'HF_TOKEN holds a space, a line break or no ASCII', {
    remedy: 'Set it to the token alone, or unset it: public models need none.',
  })
}

function isAllowed({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && isThisMachine(hostname))
}

function isThisMachine(hostname: string): boolean {
  return hostname === 'localhost' || isLoopbackHost(hostname.replace(/^\[|\]$/g, ''))
}

/**
 * @param path begins with a slash
 * @throws HubTrouble (MODEL_HUB_UNAVAILABLE), ConfigError MODEL_NOT_FOUND, MODEL_ACCESS_REFUSED
 */
export async function askHub(
  access: HubAccess,
  path: string,
  { range, signal }: { readonly range?: string | undefined; readonly signal: AbortSignal },
): Promise<HubAnswer> {
  const watch = new StallWatch(access.stallMs ?? HUB_STALL_MS, signal)
  const origin = new URL(access.endpoint).origin
  let url = new URL(`${access.endpoint}${path}`)
  for (let hops = 0; hops <= HUB_REDIRECTS_MAX; hops += 1) {
    const isOwn = url.origin === origin
    const response = await watch.guard(url.host, 'cannot be reached', () =>
      fetch(url, {
        redirect: 'manual',
        signal: watch.signal,
        headers: {
          // Bytes as they are: sizes and ranges are of the file, not of a packed form of it.
          'accept-encoding': 'identity',
          'user-agent': 'cocoon-node',
          ...(range === undefined ? {} : { range }),
          ...(isOwn && access.token ? { authorization: `Bearer ${access.token}` } : {}),
        },
      }),
    )
    const next = redirectOf(response, url)
    if (next === undefined) return answerOf(response, url, watch)
    await response.body?.cancel().catch(() => undefined)
    url = next
  }
  watch.end()
  throw new HubTrouble(`${url.host} redirects in circles`)
}

/** Undefined: no redirect. @throws HubTrouble when it leads away from HTTPS */
function redirectOf(response: Response, from: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(response.status)) return undefined
  const next = URL.parse(response.headers.get('location') ?? '', from.href)
  if (next !== null && isAllowed(next) && (next.protocol === 'https:' || from.protocol === 'http:'))
    return next
  throw new HubTrouble(`${from.host} redirects to no HTTPS address`)
}

async function answerOf(response: Response, url: URL, watch: StallWatch): Promise<HubAnswer> {
  const { status, headers } = response
  const encoding = headers.get('content-encoding') ?? 'identity'
  if ((status === 200 || status === 206) && encoding === 'identity') {
    return {
      status,
      header: (name) => headers.get(name),
      body: watch.read(response, url.host),
      discard: () => watch.stop(),
    }
  }
  await response.body?.cancel().catch(() => undefined)
  watch.end()
  if (status === 401 || status === 403) {
    throw accessRefused(url.host, status, headers.get('x-error-code') === 'GatedRepo')
  }
  if (status === 404) throw notFound(url.host)
  const retryAfterMs = retryAfterOf(headers.get('retry-after'))
  throw new HubTrouble(`${url.host} answered with status ${status}`, retryAfterMs)
}

/** RFC 9110 section 10.2.3, the form in seconds. */
function retryAfterOf(header: string | null): number | undefined {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : undefined
}

/** Hosts answer 401 for a repository that is not there too, to tell nobody which private ones are. */
function accessRefused(host: string, status: number, isGated: boolean): ConfigError {
  const access = 'accept its terms on its page and set HF_TOKEN to a token that may read it'
  return new ConfigError('MODEL_ACCESS_REFUSED', `${host} refuses access (status ${status})`, {
    remedy:
      status === 401 && !isGated
        ? `Check OWNER/NAME: many hosts answer so for one that is not there. For a private or gated one ${access}.`
        : `The repository is private or gated: ${access}.`,
  })
}

function notFound(host: string): ConfigError {
  return new ConfigError('MODEL_NOT_FOUND', `${host} has no such repository, revision or file`, {
    remedy: 'Check the name and the revision; a private one needs HF_TOKEN.',
  })
}

/** Aborts a request that brings nothing for a while; its own timer, as a fetch has none. */
class StallWatch {
  readonly #stopped = new AbortController()
  readonly #stallMs: number
  readonly #caller: AbortSignal
  readonly signal: AbortSignal
  #timer: NodeJS.Timeout | undefined

  constructor(stallMs: number, caller: AbortSignal) {
    this.#stallMs = stallMs
    this.#caller = caller
    this.signal = AbortSignal.any([caller, this.#stopped.signal])
  }

  end(): void {
    clearTimeout(this.#timer)
  }

  stop(): void {
    this.end()
    this.#stopped.abort()
  }

  /** @param failed what happened when the task fails: "cannot be reached" */
  async guard<T>(host: string, failed: string, task: () => Promise<T>): Promise<T> {
    this.end()
    this.#timer = setTimeout(() => this.#stopped.abort(), this.#stallMs)
    try {
      return await task()
    } catch (cause) {
      this.#caller.throwIfAborted()
      const reason = this.#stopped.signal.aborted ? 'sends nothing' : `${failed}${codeOf(cause)}`
      throw new HubTrouble(`${host} ${reason}`, undefined, cause)
    } finally {
      this.end()
    }
  }

  async *read(response: Response, host: string): AsyncGenerator<Uint8Array> {
    const reader = response.body?.getReader()
    if (reader === undefined) return
    try {
      for (;;) {
        const { done, value } = await this.guard(host, 'broke off', () => reader.read())
        if (done) return
        yield value
      }
    } finally {
      this.stop()
      await reader.cancel().catch(() => undefined)
    }
  }
}

/** ": ECONNREFUSED", what the system or TLS calls it; empty where it has no name. */
function codeOf(thrown: unknown): string {
  const { code } = ((thrown as Error | undefined)?.cause ?? {}) as { readonly code?: unknown }
  return typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code) ? `: ${code}` : ''
}

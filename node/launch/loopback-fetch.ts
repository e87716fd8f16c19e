/**
 * `fetch` over a socket that somebody else opened and vouches for: one connection for each request, none kept, so
 * that none outlives the process at its other end unseen. Redirects are not followed.
 */
import { type IncomingMessage, request } from 'node:http'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'

/** @param connect a connected socket on which nothing was sent */
export function loopbackFetch(
  connect: (signal: AbortSignal) => Promise<Socket>,
): typeof globalThis.fetch {
  return async (input, init = {}) => {
    const { body = null } = init
    // What callers here never send would otherwise go out as something else.
    if (input instanceof Request || (body !== null && typeof body !== 'string')) {
      throw new TypeError('only addresses and bodies that are text')
    }
    const url = new URL(input)
    const signal = init.signal ?? new AbortController().signal
    try {
      signal.throwIfAborted()
      const socket = await connect(signal)
      return await ask(socket, url, init, signal)
    } catch (cause) {
      // As the fetch of every platform does it (WHATWG Fetch, "network error").
      throw new TypeError('fetch failed', { cause })
    }
  }
}

function ask(
  socket: Socket,
  url: URL,
  { method = 'GET', headers, body }: RequestInit,
  signal: AbortSignal,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const call = request(
      {
        ...{ method, signal, path: `${url.pathname}${url.search}` },
        headers: {
          ...Object.fromEntries(new Headers(headers)),
          host: url.host,
          connection: 'close',
        },
        createConnection: () => socket,
      },
      (incoming) => {
        try {
          resolve(responseOf(incoming))
        } catch (error) {
          incoming.destroy()
          reject(error)
        }
      },
    )
    // Also one that switches protocols, which is no answer and no error to Node.
    call.on('close', () => reject(new Error('closed without an answer')))
    call.on('error', (error: NodeJS.ErrnoException) => {
      socket.destroy()
      if (error.code?.startsWith('HPE_') === true) error.name = 'HTTPParserError'
      reject(error)
    })
    call.end(typeof body === 'string' ? body : undefined)
  })
}

/** Statuses whose responses must not have a body (WHATWG Fetch, "null body status"). */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304])

/** @throws RangeError for a status that HTTP does not have: what a server says is its own choice */
function responseOf(incoming: IncomingMessage): Response {
  const status = incoming.statusCode ?? 502
  const headers = new Headers()
  for (const [name, values] of Object.entries(incoming.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value)
  }
  if (WITHOUT_BODY.has(status)) {
    incoming.destroy()
    return new Response(null, { status, headers })
  }
  // A connection that breaks off errors the stream; nobody else is told.
  incoming.on('error', () => undefined)
  const stream = Readable.toWeb(incoming) as ReadableStream<Uint8Array>
  return new Response(stream as unknown as ConstructorParameters<typeof Response>[0], {
    status,
    headers,
  })
}

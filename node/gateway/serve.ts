/** Puts the gateway on a TCP port of this machine. */
import type { Server } from 'node:http'
import { type AddressInfo, isIPv4, isIPv6 } from 'node:net'
import { ConfigError, UnavailableError } from '#protocol/errors.ts'
import type { GatewayApp } from './app-types.ts'
import { boundedServer } from './bounded-server.ts'

export interface ServeOptions {
  readonly app: Pick<GatewayApp, 'fetch'>
  /** An address of this machine. */
  readonly host: string
  /** 0: any free port. */
  readonly port: number
}

export interface RunningGateway {
  /** For example http://127.0.0.1:11435. */
  readonly url: string
  readonly port: number
  /** Ends running requests, which cancels their work. Idempotent. */
  close(): Promise<void>
}

/**
 * @throws ConfigError PORT_TAKEN
 * @throws UnavailableError LISTEN_FAILED
 */
export async function serveGateway({ app, host, port }: ServeOptions): Promise<RunningGateway> {
  const server = boundedServer(app)
  await listen(server, host, port)
  const actual = (server.address() as AddressInfo).port
  return {
    url: `http://${isIPv6(host) ? `[${host}]` : host}:${actual}`,
    port: actual,
    close: () => close(server),
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(listenError(cause, host, port)))
    server.listen({ host, port }, resolve)
  })
}

function listenError(cause: NodeJS.ErrnoException, host: string, port: number): Error {
  if (cause.code === 'EADDRINUSE') {
    return new ConfigError('PORT_TAKEN', `port ${port} of ${host} is taken by another program`, {
      cause,
      remedy: 'Stop that program, or choose another port with --api-port (0: any free one).',
      data: { port },
    })
  }
  return new UnavailableError('LISTEN_FAILED', `cannot listen on ${host}:${port}`, { cause })
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeAllConnections()
  await closed
}

/** Of this machine alone; every other address may be reached by others. */
export function isLoopbackHost(host: string): boolean {
  return host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}

/**
 * @throws ConfigError API_EXPOSED_WITHOUT_KEY when anybody who reaches the address could spend
 */
export function checkExposure(host: string, keyCount: number): void {
  if (isLoopbackHost(host) || keyCount > 0) return
  throw new ConfigError(
    'API_EXPOSED_WITHOUT_KEY',
    `${host} may be reached by others, with no key`,
    {
      remedy: 'Make a key first with `cocoon keys create`, or listen on 127.0.0.1.',
    },
  )
}

/**
 * The embedded chain behind HTTP on loopback, speaking toncenter v2's JSON-RPC, so that the
 * unmodified `TonClient` of @ton/ton is its client. For tests and local networks only.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'
import type { Clock } from '#protocol/clock.ts'
import { CocoonError, ConfigError, UnavailableError } from '#protocol/errors.ts'
import { CONNECTIONS_MAX, REQUEST_BYTES_MAX } from './constants.ts'
import { type DevchainTotals, Ledger } from './ledger.ts'
import { callMethod } from './methods.ts'
import type { PriceTable } from './prices.ts'
import { decodeSnapshot, encodeSnapshot } from './snapshot.ts'

export interface DevchainOptions {
  /** TCP port on 127.0.0.1; 0 picks a free one. */
  readonly port: number
  readonly clock: Clock
  /** Default -3, TON's test network. */
  readonly globalId?: number
  /** Default `mainnet-2026-08`. */
  readonly prices?: PriceTable
  /** JSON that `snapshot()` gave: the chain goes on from there, with its global id and prices. */
  readonly snapshot?: string
}

export interface Devchain {
  /** Endpoint for `TonClient`: http://127.0.0.1:PORT/api/v2/jsonRPC */
  readonly url: string
  readonly globalId: number
  totals(): DevchainTotals
  /** JSON for `startDevchain` and for `snapshotReader`. */
  snapshot(): Promise<string>
  stop(): Promise<void>
}

const PATH = '/api/v2/jsonRPC'

const requestSchema = z.object({
  id: z.union([z.string().max(64), z.number()]).optional(),
  method: z.string().max(64),
  params: z.unknown().optional(),
})

/**
 * @throws ConfigError SNAPSHOT_INVALID
 * @throws UnavailableError DEVCHAIN_PORT when the port cannot be taken
 */
export async function startDevchain(options: DevchainOptions): Promise<Devchain> {
  const saved = options.snapshot === undefined ? undefined : decodeSnapshot(options.snapshot)
  const ledger = await Ledger.create({
    clock: options.clock,
    globalId: saved?.globalId ?? options.globalId ?? -3,
    prices: saved?.prices ?? options.prices ?? 'mainnet-2026-08',
    ...(saved === undefined ? {} : { snapshot: saved }),
  })
  const server = createServer((request, response) => void serve(ledger, request, response))
  server.maxConnections = CONNECTIONS_MAX
  const port = await listen(server, options.port)
  return {
    url: `http://127.0.0.1:${port}${PATH}`,
    globalId: ledger.globalId,
    totals: () => ledger.totals(),
    snapshot: async () => encodeSnapshot(await ledger.save()),
    stop: () => stop(server),
  }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new UnavailableError('DEVCHAIN_PORT', `port ${port} of 127.0.0.1 cannot be taken`, {
          remedy: 'Stop the program that holds the port, or choose another one.',
          cause,
        }),
      ),
    )
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

async function serve(
  ledger: Ledger,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const reply = (status: number, body: Record<string, unknown>) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ ...body, jsonrpc: '2.0' }))
  }
  try {
    checkOrigin(request)
    const call = requestSchema.parse(JSON.parse(await readBody(request)))
    const result = await callMethod(ledger, call.method, call.params)
    reply(200, { ok: true, result, ...(call.id === undefined ? {} : { id: call.id }) })
  } catch (thrown) {
    const { status, error } = describe(thrown)
    reply(status, { ok: false, error, code: status })
  }
}

/** A web page must not reach the faucet: browsers always name the page's origin. */
function checkOrigin(request: IncomingMessage): void {
  const host = (request.headers.host ?? '').replace(/:\d+$/, '')
  const local = host === '127.0.0.1' || host === 'localhost'
  if (request.method === 'POST' && request.url === PATH && local && !request.headers.origin) return
  throw new ConfigError('REQUEST_INVALID', `only POST ${PATH} from programs on this machine`)
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > REQUEST_BYTES_MAX) throw new ConfigError('REQUEST_INVALID', 'the body is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** toncenter's habit: 4xx for a bad request, 500 for a message that the chain refused. */
function describe(thrown: unknown): { status: number; error: string } {
  if (thrown instanceof ConfigError) return { status: 422, error: described(thrown) }
  if (thrown instanceof CocoonError) return { status: 500, error: described(thrown) }
  return { status: 422, error: 'REQUEST_INVALID: the request is not valid' }
}

function described(error: CocoonError): string {
  return `${error.code}: ${error.message}`
}

/**
 * The embedded chain behind HTTP on loopback, speaking toncenter v2 (JSON-RPC and a path for each method),
 * so that the unmodified `TonClient` of @ton/ton is its client. For tests and local networks only.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '#protocol/clock.ts'
import { CocoonError, ConfigError, UnavailableError } from '#protocol/errors.ts'
import { CONNECTIONS_MAX, KEEP_ALIVE_MS } from './constants.ts'
import { type FaultRule, Faults } from './faults.ts'
import { API_PATH, type Call, RPC_PATH, readCall } from './http.ts'
import type { DevchainJournal } from './journal.ts'
import { type DevchainTotals, Ledger } from './ledger.ts'
import { ACCOUNT_METHODS } from './methods/accounts.ts'
import { BLOCK_METHODS } from './methods/blocks.ts'
import { devMethods } from './methods/dev.ts'
import { MESSAGE_METHODS } from './methods/messages.ts'
import type { Method } from './methods/method.ts'
import { mineAtIntervals, type Sleep } from './miner.ts'
import type { PriceTable } from './prices.ts'
import { type DevchainSnapshot, decodeSnapshot, encodeSnapshot } from './snapshot.ts'
import { View } from './view.ts'

export interface DevchainOptions {
  /** TCP port on 127.0.0.1; 0 picks a free one. */
  readonly port: number
  readonly clock: Clock
  /** Default -3, TON's test network. */
  readonly globalId?: number
  /** Default `mainnet-2026-08`. */
  readonly prices?: PriceTable
  /** What `snapshot()` gave, or a journal read back: the chain goes on from there, with its global id and prices. */
  readonly snapshot?: string | DevchainSnapshot
  /** Where each block is written before anybody hears of it. Default: nowhere. */
  readonly journal?: DevchainJournal
  /** A block at every interval; absent: at once, whenever a message arrives. */
  readonly interval?: { readonly ms: number; readonly sleep: Sleep }
  readonly faults?: { readonly rules: readonly FaultRule[]; readonly seed: number }
  /** For the fault `delay`. Default: none, so that a late answer never comes. */
  readonly sleep?: Sleep
}

export interface Devchain {
  /** Endpoint for `TonClient`: http://127.0.0.1:PORT/api/v2/jsonRPC */
  readonly url: string
  readonly globalId: number
  /** Rejects when the chain had to stop (a full disk); pends otherwise until `stop`. */
  readonly ended: Promise<void>
  totals(): DevchainTotals
  sizes(): ReturnType<Ledger['sizes']>
  /** JSON for `startDevchain` and for `snapshotReader`. */
  snapshot(): Promise<string>
  stop(): Promise<void>
}

/**
 * @throws ConfigError SNAPSHOT_INVALID
 * @throws UnavailableError DEVCHAIN_PORT when the port cannot be taken
 */
export async function startDevchain(options: DevchainOptions): Promise<Devchain> {
  const { interval, sleep = interval?.sleep, clock, journal } = options
  const saved =
    typeof options.snapshot === 'string' ? decodeSnapshot(options.snapshot) : options.snapshot
  const ledger = await Ledger.create({
    clock,
    globalId: saved?.globalId ?? options.globalId ?? -3,
    prices: saved?.prices ?? options.prices ?? 'mainnet-2026-08',
    minedApart: interval !== undefined,
    ...(saved === undefined ? {} : { snapshot: saved }),
    ...(journal === undefined ? {} : { journal }),
  })
  const endpoint = new Endpoint(ledger, sleep)
  if (options.faults !== undefined) {
    endpoint.faults.set({ rules: [...options.faults.rules], seed: options.faults.seed })
  }
  const server = createServer((request, response) => void endpoint.serve(request, response))
  server.maxConnections = CONNECTIONS_MAX
  server.keepAliveTimeout = KEEP_ALIVE_MS
  const port = await listen(server, options.port)
  const stopped = new AbortController()
  const ended =
    interval === undefined
      ? new Promise<void>((resolve) => {
          stopped.signal.addEventListener('abort', () => resolve(), { once: true })
        })
      : mineAtIntervals(ledger, interval.ms, interval.sleep, stopped.signal)
  // Whoever does not look at it still hears of it from every call.
  ended.catch(() => undefined)
  return {
    url: `http://127.0.0.1:${port}${RPC_PATH}`,
    globalId: ledger.globalId,
    ended,
    totals: () => ledger.totals(),
    sizes: () => ledger.sizes(),
    snapshot: async () => encodeSnapshot(await ledger.save()),
    stop: async () => {
      stopped.abort()
      await Promise.all([stop(server), ended.catch(() => undefined)])
    },
  }
}

/** Calls of methods over HTTP, with the faults that were asked for. */
class Endpoint {
  readonly faults = new Faults()
  readonly #ledger: Ledger
  readonly #methods: ReadonlyMap<string, Method>
  readonly #sleep: Sleep | undefined

  constructor(ledger: Ledger, sleep: Sleep | undefined) {
    this.#ledger = ledger
    this.#sleep = sleep
    ledger.arrange = this.faults.arrange
    const all = { ...BLOCK_METHODS, ...ACCOUNT_METHODS, ...MESSAGE_METHODS }
    this.#methods = new Map(Object.entries({ ...all, ...devMethods(ledger, this.faults) }))
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reply = (status: number, body: Record<string, unknown>) => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ ...body, jsonrpc: '2.0' }))
    }
    try {
      const call = await readCall(request)
      const id = call.id === undefined ? {} : { id: call.id }
      if (await this.#isBroken(call, request, response)) return
      reply(200, { ok: true, result: await this.#answer(call), ...id })
    } catch (thrown) {
      const { status, error } = describe(thrown)
      reply(status, { ok: false, error, code: status })
    }
  }

  #fault(kind: Parameters<Faults['take']>[0], { method }: Call): FaultRule | undefined {
    return method.startsWith('dev_') ? undefined : this.faults.take(kind, method)
  }

  /** Faults of the way: true when there is no answer of the method any more. */
  async #isBroken(call: Call, request: IncomingMessage, response: ServerResponse) {
    const late = this.#fault('delay', call)
    if (late !== undefined) await this.#sleep?.(late.delayMs)
    if (this.#fault('drop', call) !== undefined) {
      request.socket.destroy()
      return true
    }
    const page = this.#fault('error', call)
    if (page === undefined) return false
    response.writeHead(page.status, { 'content-type': 'text/html' })
    response.end(`<html><title>${page.status}</title></html>`)
    return true
  }

  /** @throws ConfigError METHOD_UNKNOWN, and whatever the method or its validation throws */
  async #answer(call: Call): Promise<unknown> {
    const known = this.#methods.get(call.method)
    if (known === undefined) {
      throw new ConfigError('METHOD_UNKNOWN', `this chain does not offer it; see ${API_PATH}`)
    }
    this.#ledger.tick()
    if (call.method.startsWith('sendBoc')) {
      if (this.#fault('reject', call) !== undefined) throw injectedRefusal()
      if (this.#fault('lose', call) !== undefined) return { '@type': 'ok', hash: '' }
    }
    const stale = this.#fault('stale', call)
    return known(new View(this.#ledger, stale?.blocks ?? 0), call.params)
  }
}

function injectedRefusal(): UnavailableError {
  return new UnavailableError(
    'EXTERNAL_REJECTED',
    'LITE_SERVER_UNKNOWN: cannot apply external message to current state : External message was not accepted',
  )
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

/** toncenter's habit: 4xx for a bad request, 500 for a message that the chain refused. */
function describe(thrown: unknown): { status: number; error: string } {
  if (!(thrown instanceof CocoonError)) {
    return { status: 422, error: 'REQUEST_INVALID: the request is not valid' }
  }
  // In a lite server's own words, by which clients tell what happened.
  if (thrown.code === 'EXTERNAL_REJECTED') return { status: 500, error: thrown.message }
  const error = `${thrown.code}: ${thrown.message}`
  return { status: thrown instanceof ConfigError ? 422 : 500, error }
}

/** The two forms of toncenter v2's HTTP API as calls of methods: JSON-RPC, and a path for each method. */
import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import { ConfigError } from '#protocol/errors.ts'
import { REQUEST_BYTES_MAX } from './constants.ts'

export const API_PATH = '/api/v2/'
export const RPC_PATH = `${API_PATH}jsonRPC`

export interface Call {
  readonly method: string
  readonly params: unknown
  /** JSON-RPC only. */
  readonly id?: string | number
}

const rpcSchema = z.object({
  id: z.union([z.string().max(64), z.number()]).optional(),
  method: z.string().max(64),
  params: z.unknown().optional(),
})

/** `/api/v2/getAddressInformation?address=…`: what only reads may be asked by GET. */
const CHANGES = /^(dev_|send)/

/** @throws ConfigError REQUEST_INVALID */
export async function readCall(request: IncomingMessage): Promise<Call> {
  requireProgram(request)
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1')
  if (!pathname.startsWith(API_PATH)) throw invalid(`this chain answers under ${API_PATH}`)
  const name = pathname.slice(API_PATH.length)
  if (request.method === 'GET' && name !== 'jsonRPC' && !CHANGES.test(name)) {
    return { method: name, params: Object.fromEntries(searchParams) }
  }
  if (request.method !== 'POST') throw invalid(`${name} is called by POST`)
  const body: unknown = JSON.parse(await readBody(request))
  if (name !== 'jsonRPC') return { method: name, params: body }
  const { id, method, params } = rpcSchema.parse(body)
  return { method, params, ...(id === undefined ? {} : { id }) }
}

/** A web page must not reach the faucet: browsers name the page's origin, or where a request is from. */
function requireProgram({ headers }: IncomingMessage): void {
  const host = (headers.host ?? '').replace(/:\d+$/, '')
  const isLocal = host === '127.0.0.1' || host === 'localhost'
  const fromPage = headers.origin !== undefined || headers['sec-fetch-site'] !== undefined
  if (!isLocal || fromPage) throw invalid('only programs on this machine may call')
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > REQUEST_BYTES_MAX) throw invalid('the body is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function invalid(why: string): ConfigError {
  return new ConfigError('REQUEST_INVALID', why)
}

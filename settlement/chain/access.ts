/** One toncenter-v2 endpoint, reached through an injected `fetch` with bounds on time and size. */
import { TonClient, type TonClientParameters } from '@ton/ton'
import { z } from 'zod'
import { CocoonError, UnavailableError } from '#protocol/errors.ts'
import { CHAIN_RESPONSE_BYTES_MAX, CHAIN_TIMEOUT_MS } from '../constants.ts'

export interface ChainAccess {
  /** toncenter-v2 JSON-RPC, such as https://toncenter.com/api/v2/jsonRPC. */
  readonly endpoint: string
  /** -239 mainnet, -3 testnet. An endpoint of another network is refused. */
  readonly globalId: number
  readonly fetch: typeof globalThis.fetch
  /** Aborts after so many milliseconds: `AbortSignal.timeout` in Node. */
  readonly timeoutSignal: (timeoutMs: number) => AbortSignal
  readonly apiKey?: string
}

type Adapter = NonNullable<TonClientParameters['httpAdapter']>

/** The unmodified client of @ton/ton; only its HTTP goes through ours. */
export function createTonClient(access: ChainAccess): TonClient {
  const httpAdapter: Adapter = async (config) => {
    const { status, text } = await post(access, String(config.data))
    return { data: text, status, statusText: '', headers: {}, config }
  }
  return new TonClient({ endpoint: access.endpoint, httpAdapter })
}

/** For what `TonClient` drops from the answers. @throws UnavailableError CHAIN_UNREACHABLE */
export async function callChain<T>(
  access: ChainAccess,
  method: string,
  params: Record<string, unknown>,
  schema: z.ZodType<T>,
): Promise<{ ok: true; result: T } | { ok: false; error: string }> {
  return reach(async () => {
    const { text } = await post(access, JSON.stringify({ id: 1, jsonrpc: '2.0', method, params }))
    const answer = answerSchema.parse(JSON.parse(text))
    if (!answer.ok) return { ok: false, error: answer.error ?? '' }
    return { ok: true, result: schema.parse(answer.result) }
  })
}

const answerSchema = z.object({
  ok: z.boolean(),
  result: z.unknown().optional(),
  error: z.string().optional(),
})

/** Whatever goes wrong on the way to the chain is one error to the caller. */
export async function reach<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof CocoonError) throw cause
    throw unreachable('the chain endpoint does not answer as it should', cause)
  }
}

export function unreachable(why: string, cause?: unknown): UnavailableError {
  return new UnavailableError('CHAIN_UNREACHABLE', why, {
    remedy: 'Check the endpoint in the network file, then try again.',
    ...(cause === undefined ? {} : { cause }),
  })
}

async function post(access: ChainAccess, body: string): Promise<{ status: number; text: string }> {
  const response = await access.fetch(access.endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(access.apiKey === undefined ? {} : { 'x-api-key': access.apiKey }),
    },
    body,
    redirect: 'error',
    signal: access.timeoutSignal(CHAIN_TIMEOUT_MS),
  })
  return { status: response.status, text: await readBounded(response) }
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    if (length > CHAIN_RESPONSE_BYTES_MAX) throw unreachable('the chain answered too much')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

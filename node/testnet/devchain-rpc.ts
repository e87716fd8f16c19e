/** The embedded chain's own methods (`dev_*`): its faucet, its books and its snapshot. */
import { z } from 'zod'
import { UnavailableError } from '#protocol/errors.ts'

const RPC_TIMEOUT_MS = 20_000

const totalsSchema = z.object({
  genesisNano: z.coerce.bigint(),
  balancesNano: z.coerce.bigint(),
  feesNano: z.coerce.bigint(),
})

export type ChainTotals = z.output<typeof totalsSchema>

export interface DevchainRpc {
  fund(address: string, nano: bigint): Promise<void>
  totals(): Promise<ChainTotals>
  /** The whole chain as JSON, for reading it after exit. */
  snapshot(): Promise<unknown>
}

/** @throws UnavailableError CHAIN_UNREACHABLE on every method */
export function devchainRpc(url: string): DevchainRpc {
  return {
    async fund(address, nano) {
      await call(url, 'dev_faucet', { address, nano: nano.toString() })
    },
    totals: async () => totalsSchema.parse(await call(url, 'dev_totals', {})),
    snapshot: () => call(url, 'dev_snapshot', {}),
  }
}

const answerSchema = z.object({
  ok: z.boolean(),
  result: z.unknown(),
  error: z.string().optional(),
})

async function call(url: string, method: string, params: object): Promise<unknown> {
  let answer: z.output<typeof answerSchema>
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      signal: AbortSignal.timeout(RPC_TIMEOUT_MS),
    })
    answer = answerSchema.parse(await response.json())
  } catch (cause) {
    throw new UnavailableError('CHAIN_UNREACHABLE', `the chain at ${url} does not answer`, {
      cause,
    })
  }
  if (answer.ok) return answer.result
  throw new UnavailableError('CHAIN_UNREACHABLE', `the chain refused ${method}: ${answer.error}`)
}

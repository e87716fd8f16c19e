/** A running embedded chain with two funded wallets, over real HTTP on loopback. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '#protocol/clock.ts'
import type { ChainAccess } from '#settlement/chain/access.ts'
import { type Devchain, type DevchainOptions, startDevchain } from '#settlement/devchain/server.ts'
import type { ChannelTerms, Wallet } from '#settlement/types.ts'
import { seedSigner } from '#settlement/wallet/signer.ts'
import { openWallet, type WalletOptions } from '#settlement/wallet/wallet.ts'
import { crypto, makeTerms, NOW_S } from './channel-fixture.ts'

export const TON = 1_000_000_000n

/** Time stands still unless a test moves it. */
class StillClock {
  timeMs = NOW_S * 1000
  nowMs(): number {
    return this.timeMs
  }
}

export interface Network {
  readonly chain: Devchain
  readonly clock: StillClock
  readonly access: ChainAccess
  readonly client: Wallet
  readonly provider: Wallet
  readonly terms: ChannelTerms
}

export async function startNetwork(options: Partial<DevchainOptions> = {}): Promise<Network> {
  const clock = new StillClock()
  const chain = await startDevchain({ port: 0, clock, ...options })
  const access = accessTo(chain)
  const client = walletOf(access, clock, 1)
  const provider = walletOf(access, clock, 2)
  if (options.snapshot === undefined) {
    await callDev(chain, 'dev_faucet', {
      address: String(client.address),
      nano: String(100n * TON),
    })
    await callDev(chain, 'dev_faucet', { address: String(provider.address), nano: String(TON) })
  }
  const terms = makeTerms({
    globalId: chain.globalId,
    client: client.address,
    provider: provider.address,
  })
  return { chain, clock, access, client, provider, terms }
}

function accessTo(chain: Devchain, globalId = chain.globalId): ChainAccess {
  // However long this machine takes: how slow a chain may be is another test's matter.
  const timeoutSignal = (): AbortSignal => new AbortController().signal
  return { endpoint: chain.url, globalId, fetch, timeoutSignal }
}

export function walletOf(
  access: ChainAccess,
  clock: Clock,
  seedByte: number,
  options: Partial<WalletOptions> = {},
): Wallet {
  const signer = seedSigner(crypto, new Uint8Array(32).fill(seedByte))
  const wait = (ms: number, signal?: AbortSignal) =>
    sleep(ms, undefined, signal === undefined ? {} : { signal })
  return openWallet({ access, crypto, clock, signer, sleep: wait, ...options })
}

/** Calls a method over HTTP; throws with the chain's error text. */
export async function callDev<T = unknown>(
  chain: Pick<Devchain, 'url'>,
  method: string,
  params: unknown,
  headers: Record<string, string> = {},
): Promise<T> {
  const body = JSON.stringify({ id: 1, jsonrpc: '2.0', method, params })
  const response = await fetch(chain.url, { method: 'POST', body, headers })
  const answer = (await response.json()) as { ok: boolean; result: T; error: string }
  if (!answer.ok) throw new Error(`${response.status} ${answer.error}`)
  return answer.result
}

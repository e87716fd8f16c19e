/**
 * The network that the chain suite runs on: an endpoint of the toncenter v2 API and the words of a wallet that
 * holds coins there. A public testnet and the embedded chain are opened by the same few lines.
 */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { sleep } from '#node/async.ts'
import { systemClock } from '#node/clock.ts'
import { seedOfMnemonic } from '#node/wallet/mnemonic.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { type ChainAccess, callChain } from '#settlement/chain/access.ts'
import { pacedFetch } from '#settlement/chain/paced-fetch.ts'
import { tonClientReader } from '#settlement/chain/ton-client-reader.ts'
import type { DeepChainReader, Wallet } from '#settlement/types.ts'
import { seedSigner } from '#settlement/wallet/signer.ts'
import { openWallet } from '#settlement/wallet/wallet.ts'

export interface ChainTarget {
  readonly name: string
  readonly globalId: number
  readonly access: ChainAccess
  readonly reader: DeepChainReader
  readonly wallet: Wallet
  /** Moves the network's time; undefined: it has a time of its own. */
  readonly travel: ((seconds: number) => Promise<void>) | undefined
}

export interface ChainTargetFlags {
  /** As `https://testnet.toncenter.com/api/v2/`, with or without `jsonRPC`. */
  readonly endpoint: string
  /** 24 words in one file. */
  readonly mnemonicFile: string
  readonly apiKeyFile?: string | undefined
  /** -3 (testnet) when left out. Mainnet is refused: this suite spends coins to try things. */
  readonly globalId?: number | undefined
}

const TESTNET = -3
const MAINNET = -239
/** toncenter's plans without a key and with a free one. */
const PER_SECOND = { withoutKey: 1, withKey: 10 }

/** The variables that `npm run chain-suite -- --endpoint …` sets; undefined: no endpoint was named. */
export function flagsOf(environment: NodeJS.ProcessEnv): ChainTargetFlags | undefined {
  const endpoint = environment['CHAIN_SUITE_ENDPOINT']
  if (endpoint === undefined) return undefined
  return {
    endpoint,
    mnemonicFile: z.string().parse(environment['CHAIN_SUITE_MNEMONIC_FILE']),
    apiKeyFile: environment['CHAIN_SUITE_API_KEY_FILE'],
    globalId: z.coerce.number().int().optional().parse(environment['CHAIN_SUITE_GLOBAL_ID']),
  }
}

export async function openTarget(flags: ChainTargetFlags): Promise<ChainTarget> {
  const { globalId = TESTNET } = flags
  if (globalId === MAINNET) throw new RangeError('the suite does not run on the main network')
  const access = accessOf(flags, globalId)
  const seed = await seedOfMnemonic(readFileSync(flags.mnemonicFile, 'utf8'))
  const signer = seedSigner(crypto, seed)
  const wallet = openWallet({ access, crypto, clock: systemClock, signer, sleep })
  const travels = (await call(access, 'dev_totals', {})).ok
  return {
    name: new URL(flags.endpoint).host,
    globalId,
    access,
    reader: tonClientReader(access),
    wallet,
    travel: travels ? (seconds) => travel(access, seconds) : undefined,
  }
}

function accessOf({ endpoint, apiKeyFile }: ChainTargetFlags, globalId: number): ChainAccess {
  const url = new URL(endpoint)
  if (!url.pathname.endsWith('/jsonRPC')) {
    url.pathname = `${url.pathname.replace(/\/$/, '')}/jsonRPC`
  }
  const apiKey = apiKeyFile === undefined ? undefined : readFileSync(apiKeyFile, 'utf8').trim()
  const remote = apiKey === undefined ? PER_SECOND.withoutKey : PER_SECOND.withKey
  const isLocal = url.hostname === '127.0.0.1'
  const paced = pacedFetch({
    ...{ fetch, clock: systemClock, sleep, random: Math.random, burst: 1 },
    perSecond: isLocal ? Number.POSITIVE_INFINITY : remote,
  })
  return {
    endpoint: url.href,
    globalId,
    fetch: paced,
    timeoutSignal: AbortSignal.timeout,
    ...(apiKey === undefined ? {} : { apiKey }),
  }
}

async function travel(access: ChainAccess, addSeconds: number): Promise<void> {
  const answer = await call(access, 'dev_time', { addSeconds })
  if (!answer.ok) throw new Error(answer.error)
}

const call = (access: ChainAccess, method: string, params: Record<string, unknown>) =>
  callChain(access, method, params, z.unknown())

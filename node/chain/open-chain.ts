/** How a peer, and every command, reads the chain of its network: paced, watched, and by agreement when there are several endpoints. */
import { sleep } from '#node/async.ts'
import type { NetworkFile } from '#node/testnet/network-file.ts'
import type { Clock } from '#protocol/clock.ts'
import type { ChainAccess } from '#settlement/chain/access.ts'
import { agreeingReader } from '#settlement/chain/agreeing-reader.ts'
import { pacedFetch } from '#settlement/chain/paced-fetch.ts'
import { tonClientReader } from '#settlement/chain/ton-client-reader.ts'
import { watchedReader } from '#settlement/chain/watched-reader.ts'
import { CHAIN_DEPTH_BLOCKS } from '#settlement/constants.ts'
import type { ChainReader } from '#settlement/types.ts'

/** toncenter's plan with a free key. A chain on this machine is asked as often as needed. */
const REMOTE_PER_SECOND = 10
const BURST = 20

export interface OpenChain {
  /** The first endpoint. */
  readonly access: ChainAccess
  /** Where a message is handed in when the first does not answer. */
  readonly others: readonly ChainAccess[]
  readonly reader: ChainReader
}

type ChainPart = Pick<NetworkFile, 'globalId' | 'chainUrl' | 'chainUrls' | 'chainAgreeAboveNano'>

export function openChain(network: ChainPart, clock: Clock): OpenChain {
  const { globalId, chainUrl, chainUrls = [], chainAgreeAboveNano = '0' } = network
  const endpoints = [...new Set([chainUrl, ...chainUrls])].map((url) =>
    accessTo(url, globalId, clock),
  )
  const readers = endpoints.map((access) => watchedReader(tonClientReader(access), clock))
  const [access, ...others] = endpoints
  const [reader] = readers
  if (access === undefined || reader === undefined) throw new RangeError('no endpoint')
  if (readers.length === 1) return { access, others, reader }
  const agreeAboveNano = BigInt(chainAgreeAboveNano)
  return {
    access,
    others,
    reader: agreeingReader({ readers, agreeAboveNano, depthBlocks: CHAIN_DEPTH_BLOCKS }),
  }
}

function accessTo(endpoint: string, globalId: number, clock: Clock): ChainAccess {
  const isLocal = ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(endpoint).hostname)
  const fetch = pacedFetch({
    fetch: globalThis.fetch,
    clock,
    sleep,
    random: Math.random,
    perSecond: isLocal ? Number.POSITIVE_INFINITY : REMOTE_PER_SECOND,
    burst: BURST,
  })
  return { endpoint, globalId, fetch, timeoutSignal: AbortSignal.timeout }
}

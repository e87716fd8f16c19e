/**
 * Several endpoints of independent operators as one reader. Small sums follow any one that answers; above a limit
 * at least two must show the same channel in the same block, some blocks deep, and whoever answers otherwise stops it.
 */
import type { Address } from '@ton/core'
import { equal } from '#protocol/bytes.ts'
import { UnavailableError } from '#protocol/errors.ts'
import { encodeTerms } from '../cells/terms.ts'
import { CHAIN_LAG_BLOCKS_MAX } from '../constants.ts'
import type { ChainBlock, ChainReader, ChannelOnChain, DeepChainReader } from '../types.ts'
import { unreachable } from './access.ts'

export interface AgreeingOptions {
  /** Two or more, in order of preference; each already watched (`watchedReader`). */
  readonly readers: readonly DeepChainReader[]
  /** Channels that hold more than this are believed only when endpoints agree. */
  readonly agreeAboveNano: bigint
  /** Blocks that must lie on top of the one in which they agree. */
  readonly depthBlocks: number
}

/** Endpoints that must answer, and agree, above the limit. */
const QUORUM = 2

/** @throws RangeError for fewer than two readers, or readers of different networks */
export function agreeingReader(options: AgreeingOptions): ChainReader {
  const { readers } = options
  const [first] = readers
  if (first === undefined || readers.length < QUORUM) throw new RangeError('two endpoints at least')
  if (readers.some(({ globalId }) => globalId !== first.globalId)) {
    throw new RangeError('endpoints of different networks')
  }
  const any = <T>(read: (reader: DeepChainReader) => Promise<T>) => firstAnswer(readers, read)
  return {
    globalId: first.globalId,
    latestBlock: () => newestBlock(readers),
    block: (seqno) => any((reader) => reader.block(seqno)),
    balance: (address) => any((reader) => reader.balance(address)),
    account: (address) => any((reader) => reader.account(address)),
    transactions: (...asked) => any((reader) => reader.transactions(...asked)),
    channel: async (address) => {
      const seen = await any((reader) => reader.channel(address))
      const isSmall = seen === undefined || held(seen) <= options.agreeAboveNano
      return isSmall ? seen : agreedChannel(address, options)
    },
  }
}

/** What the channel still holds: that much a lie could cost. */
function held({ depositedNano, claimedNano }: ChannelOnChain): bigint {
  return depositedNano - claimedNano
}

async function firstAnswer<T>(
  readers: readonly DeepChainReader[],
  read: (reader: DeepChainReader) => Promise<T>,
): Promise<T> {
  let last: unknown
  for (const reader of readers) {
    try {
      return await read(reader)
    } catch (error) {
      last = error
    }
  }
  throw last
}

/** What is fulfilled; the others count as down. @throws their error when fewer than two are left */
async function answers<T>(reads: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(reads)
  const good = settled.filter((one) => one.status === 'fulfilled').map(({ value }) => value)
  if (good.length >= QUORUM) return good
  const failure = settled.find((one) => one.status === 'rejected')
  throw unreachable('fewer than two endpoints of the chain answer', failure?.reason)
}

/** The newest of any endpoint: one that lags cannot hold time back. */
async function newestBlock(readers: readonly DeepChainReader[]): Promise<ChainBlock> {
  const settled = await Promise.allSettled(readers.map((reader) => reader.latestBlock()))
  const blocks = settled.filter((one) => one.status === 'fulfilled').map(({ value }) => value)
  const [first, ...others] = blocks
  if (first === undefined) {
    throw settled.find((one) => one.status === 'rejected')?.reason ?? unreachable('no endpoint')
  }
  return others.reduce((newest, block) => (block.seqno > newest.seqno ? block : newest), first)
}

interface Sight {
  readonly root: Uint8Array | undefined
  readonly deep: ChannelOnChain | undefined
  readonly now: ChannelOnChain | undefined
}

/** @throws UnavailableError CHAIN_DISAGREES, CHAIN_UNREACHABLE */
async function agreedChannel(
  address: Address,
  { readers, depthBlocks }: AgreeingOptions,
): Promise<ChannelOnChain | undefined> {
  const heads = await answers(
    readers.map(async (reader) => ({ reader, seqno: (await reader.latestBlock()).seqno })),
  )
  const newest = Math.max(...heads.map(({ seqno }) => seqno))
  const current = heads.filter(({ seqno }) => seqno >= newest - CHAIN_LAG_BLOCKS_MAX)
  if (current.length < QUORUM) throw unreachable('all endpoints but one lag behind')
  const seqno = Math.max(1, Math.min(...current.map((head) => head.seqno)) - depthBlocks)
  const sights = await answers(current.map(({ reader }) => look(reader, address, seqno)))
  const [first, ...others] = sights
  if (first === undefined || !others.every((other) => isSame(first, other))) {
    throw disagreement(seqno)
  }
  return cautious(first.deep, sights)
}

async function look(reader: DeepChainReader, address: Address, seqno: number): Promise<Sight> {
  const [block, deep, now] = await Promise.all([
    reader.block(seqno),
    reader.channelAt(address, seqno),
    reader.channel(address),
  ])
  return { root: block?.rootHash, deep, now }
}

function isSame(one: Sight, other: Sight): boolean {
  if (one.root === undefined || other.root === undefined || !equal(one.root, other.root))
    return false
  if (one.deep === undefined || other.deep === undefined) return one.deep === other.deep
  return (
    one.deep.depositedNano === other.deep.depositedNano &&
    one.deep.claimedNano === other.deep.claimedNano &&
    one.deep.closeAt === other.deep.closeAt &&
    one.deep.closed === other.deep.closed &&
    one.deep.leafCount === other.deep.leafCount &&
    equal(one.deep.receiptsRoot, other.deep.receiptsRoot) &&
    equal(encodeTerms(one.deep.terms), encodeTerms(other.deep.terms))
  )
}

/**
 * The deposit counts as it lies deep; a claim or a close that any endpoint shows counts at once: acting on one
 * that does not last costs nothing, missing one that does costs the channel.
 */
function cautious(
  deep: ChannelOnChain | undefined,
  sights: readonly Sight[],
): ChannelOnChain | undefined {
  if (deep === undefined) return undefined
  let channel = deep
  for (const { now } of sights) {
    if (now === undefined) continue
    const isFurther = now.claimedNano > channel.claimedNano || now.leafCount > channel.leafCount
    const { depositedNano } = deep
    if (isFurther) channel = { ...now, depositedNano }
    if (now.closeAt !== 0) channel = { ...channel, closeAt: now.closeAt }
    if (now.closed) channel = { ...channel, closed: true }
  }
  return channel
}

function disagreement(seqno: number): UnavailableError {
  return new UnavailableError(
    'CHAIN_DISAGREES',
    'the endpoints of the chain contradict each other',
    {
      remedy: 'Compare them by hand; one of them lies or follows a fork. Nothing was accepted.',
      data: { seqno },
    },
  )
}

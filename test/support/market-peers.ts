/** Providers and clients of the market over any Transport, as tests need them. */
import { startJobClient } from '#node/market/job-client.ts'
import { type JobWorkerEvent, startJobWorker } from '#node/market/job-worker.ts'
import { startOfferDiscovery } from '#node/market/offer-discovery.ts'
import { type OfferMark, startOfferPublisher } from '#node/market/offer-publisher.ts'
import type { Clock } from '#protocol/clock.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import type { BidderState } from '#protocol/market/bidding.ts'
import type { OfferStatement } from '#protocol/market/material-change.ts'
import type { Transport } from '#protocol/transport.ts'
import { silentLog, testIdentity } from './test-peers.ts'

export const MARKET_GLOBAL_ID = -3
export const MARKET_ROOT = new Uint8Array(32).fill(0x42)

/** A clock that tests move by hand on top of the machine's. */
export class MovableClock implements Clock {
  aheadMs = 0
  nowMs(): number {
    return Date.now() + this.aheadMs
  }
}

/** The marks of a provider, as its disk would keep them over a restart. */
export class MemoryMarks {
  readonly saved: OfferMark[] = []
  load(): OfferMark | undefined {
    return this.saved.at(-1)
  }
  save(mark: OfferMark): void {
    this.saved.push(mark)
  }
}

export function statementOf(changes: Partial<OfferStatement> = {}): OfferStatement {
  return {
    modelRoot: MARKET_ROOT,
    prices: {
      promptNanoPerMtok: 1_000_000n,
      cachedNanoPerMtok: 500_000n,
      completionNanoPerMtok: 4_000_000n,
    },
    slotsTotal: 4,
    slotsFree: 4,
    queued: 0,
    tier: 'simulated',
    statementDigest: new Uint8Array(32).fill(0x17),
    modelId: 'cocoon-demo-1',
    contextTokens: 4_096,
    engine: 'test',
    textOnly: false,
    embeddingDimensions: 0,
    ...changes,
  }
}

export interface TestProviderOptions {
  readonly transport: Transport
  readonly number: number
  readonly marks?: MemoryMarks
  readonly clock?: Clock
  readonly completionNanoPerMtok?: bigint
}

/** A provider of one model whose statement tests may change. */
export async function startTestProvider(options: TestProviderOptions) {
  const { transport, number } = options
  const clock = options.clock ?? new MovableClock()
  const prices = {
    ...statementOf().prices,
    ...(options.completionNanoPerMtok !== undefined && {
      completionNanoPerMtok: options.completionNanoPerMtok,
    }),
  }
  const provider = {
    statements: [statementOf({ prices })],
    marks: options.marks ?? new MemoryMarks(),
    events: [] as JobWorkerEvent[],
  }
  const shared = {
    ...{ transport, crypto: nodeCrypto, identity: testIdentity(number), clock },
    ...{ globalId: MARKET_GLOBAL_ID, log: silentLog },
  }
  const publisher = await startOfferPublisher({
    ...shared,
    marks: provider.marks,
    statements: () => provider.statements,
  })
  const bidder = (): BidderState => ({
    ...statementOf({ prices }),
    ...{ promptTokensPerS: 1_000, completionTokensPerS: 200 },
  })
  const worker = startJobWorker({
    ...shared,
    ...{ modelRoots: [MARKET_ROOT], bidder, onEvent: (event) => provider.events.push(event) },
  })
  return Object.assign(provider, {
    publisher,
    worker,
    transport,
    stop: async () => {
      await Promise.all([publisher.stop(), worker.stop()])
    },
  })
}

export async function startTestClient(options: {
  readonly transport: Transport
  readonly clock?: Clock
}) {
  const { transport } = options
  const clock = options.clock ?? new MovableClock()
  const shared = {
    ...{ transport, crypto: nodeCrypto, clock, globalId: MARKET_GLOBAL_ID, log: silentLog },
  }
  const discovery = startOfferDiscovery({ ...shared, modelRoots: [MARKET_ROOT] })
  const jobs = await startJobClient(shared)
  return {
    discovery,
    jobs,
    transport,
    stop: async () => {
      await Promise.all([discovery.stop(), jobs.stop()])
    },
  }
}

export const JOB_SPEC = {
  modelRoot: MARKET_ROOT,
  lines: 5,
  promptTokens: 500,
  completionTokensMax: 400,
  priceCapNano: 10_000_000n,
  tierMin: 'simulated',
  readersMax: 1,
  biddingMs: 15_000,
  deadlineInMs: 600_000,
} as const

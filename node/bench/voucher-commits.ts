/**
 * How many vouchers a provider makes durable in a second: real stores and desks, signatures verified, every
 * promise resolved only after its commit with `synchronous=FULL`. One by one, each voucher waits
 * for a sync of its own; under load many channels share one.
 */
import { Address } from '@ton/core'
import { ProviderDesk } from '#node/roles/provider/channel-desk.ts'
import type { PeerStore } from '#node/store/peer-store.ts'
import { openPeerStore } from '#node/store/sqlite-store.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { channelAddress, signCell, voucherCell } from '#settlement/cells.ts'
import { newChannel, observeChain } from '#settlement/channel/state.ts'
import type { ChannelTerms, SignedBytes } from '#settlement/types.ts'

export interface VoucherCommits {
  /** Vouchers a second with `channels` clients paying at once. */
  readonly groupedPerSecond: number
  /** Vouchers a second when each waits for the one before it. */
  readonly singlePerSecond: number
  readonly channels: number
  readonly vouchers: number
}

export interface VoucherCommitsOptions {
  /** An empty folder on the disk that is to be measured. */
  readonly folder: string
  readonly crypto: CryptoPort
  readonly nowMs: () => number
  /** Clients that pay at the same time. */
  readonly channels?: number
  readonly vouchersPerChannel?: number
}

interface Payer {
  readonly desk: ProviderDesk
  readonly vouchers: readonly SignedBytes[]
}

const DEPOSIT_NANO = 1_000_000_000n
/** Vouchers that are paid one after the other, each with its own sync. */
const SINGLE_VOUCHERS = 100

/** @throws UnavailableError STORE_FULL, STORE_IO */
export async function measureVoucherCommits(
  options: VoucherCommitsOptions,
): Promise<VoucherCommits> {
  const { channels = 256, vouchersPerChannel = 16, nowMs } = options
  const store = openPeerStore(options.folder)
  try {
    const payers = Array.from({ length: channels }, (_, index) =>
      makePayer(options, store, index, vouchersPerChannel),
    )
    const single = makePayer(options, store, channels, SINGLE_VOUCHERS)
    const singleMs = await timeMs(nowMs, () => payInTurn(single))
    const groupedMs = await timeMs(nowMs, async () => {
      await Promise.all(payers.map(payInTurn))
    })
    const vouchers = channels * vouchersPerChannel
    return {
      groupedPerSecond: (vouchers * 1000) / groupedMs,
      singlePerSecond: (SINGLE_VOUCHERS * 1000) / singleMs,
      ...{ channels, vouchers },
    }
  } finally {
    store.close()
  }
}

/** A client sends its next voucher when it knows that the last one is kept. */
async function payInTurn({ desk, vouchers }: Payer): Promise<void> {
  for (const voucher of vouchers) await desk.durably(() => desk.acceptVoucher(voucher))
}

async function timeMs(nowMs: () => number, work: () => Promise<void>): Promise<number> {
  const startMs = nowMs()
  await work()
  return nowMs() - startMs
}

function makePayer(
  { crypto }: VoucherCommitsOptions,
  store: PeerStore,
  index: number,
  count: number,
): Payer {
  const clientKey = crypto.ed25519FromSeed(new Uint8Array(32).fill(1))
  const settlementKey = crypto.ed25519FromSeed(new Uint8Array(32).fill(2))
  const terms: ChannelTerms = {
    globalId: -3,
    client: new Address(0, Buffer.alloc(32, 1)),
    provider: new Address(0, Buffer.alloc(32, 2)),
    clientKey: clientKey.publicKey,
    providerKey: settlementKey.publicKey,
    closeDelay: 3_600,
    expiresAt: 2_000_000_000,
    salt: BigInt(index),
  }
  const state = observeChain(newChannel('provider', terms), {
    ...{ terms, depositedNano: DEPOSIT_NANO, claimedNano: 0n, closeAt: 0, closed: false },
    ...{ leafCount: 0, receiptsRoot: new Uint8Array(32) },
  })
  const clock = { nowMs: () => 1_795_000_000_000 }
  const channel = channelAddress(terms)
  const receiptsRoot = new Uint8Array(32)
  return {
    desk: new ProviderDesk({ crypto, clock, store, settlementKey }, state),
    vouchers: Array.from({ length: count }, (_, at) => {
      const amountNano = BigInt(at + 1)
      const cell = voucherCell({ channel, amountNano, leafCount: 0, receiptsRoot })
      return signCell(crypto, clientKey, cell)
    }),
  }
}

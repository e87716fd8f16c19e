/** Ends channels: cooperatively when the provider answers, else by starting the close delay. */
import { toHex } from '#protocol/bytes.ts'
import { asCocoonError, SettlementError } from '#protocol/errors.ts'
import type { ChainReader, Wallet } from '#settlement/types.ts'
import { coopCloseMessage, finishMessage, startCloseMessage } from '#settlement/wallet/messages.ts'
import type { SettlementView } from '../client-service.ts'
import type { EmitEvent } from '../events.ts'
import type { ClientDesk } from './channel-desk.ts'
import type { Funding } from './funding.ts'
import type { ReceiptFiles } from './receipt-files.ts'
import type { ClientSession } from './session.ts'

export interface SettleComponents {
  readonly chain: ChainReader
  readonly wallet: Wallet
  readonly funding: Funding
  readonly receipts: ReceiptFiles
  readonly emit: EmitEvent
  /** An open session on the channel, opened when there is none. @throws when the provider is gone */
  readonly sessionOf: (desk: ClientDesk) => Promise<ClientSession>
}

/** Transactions of a channel that are read for its fees: every channel has far fewer. */
const FEE_TRANSACTIONS_MAX = 100

/** Closes every open channel that is wanted, one after the other; a failure of one does not stop the next. */
export async function settleAll(
  parts: SettleComponents,
  signal?: AbortSignal,
  isWanted: (desk: ClientDesk) => boolean = () => true,
): Promise<readonly SettlementView[]> {
  const settled: SettlementView[] = []
  for (const desk of parts.funding.desks.filter(isWanted)) {
    signal?.throwIfAborted()
    try {
      desk.observe(await parts.chain.channel(desk.state.address))
      const { status } = desk.state
      if (status === 'open' || status === 'frozen') await settleOne(parts, desk)
      if (status === 'closing') await finishIfDue(parts, desk)
      if (status !== 'opening') settled.push(await viewOf(parts, desk))
    } catch (thrown) {
      warn(parts, desk, thrown, 'left for another time')
    }
  }
  return settled
}

async function settleOne(parts: SettleComponents, desk: ClientDesk): Promise<void> {
  try {
    await closeTogether(parts, desk)
  } catch (thrown) {
    if (desk.state.status === 'closed') return
    warn(parts, desk, thrown, 'closing without the provider')
    await closeAlone(parts, desk)
  }
}

function warn({ emit }: SettleComponents, desk: ClientDesk, thrown: unknown, next: string): void {
  const error = asCocoonError(thrown)
  const message = `channel ${desk.address}: ${error.message}; ${next}`
  emit({ kind: 'warning', code: error.code, message })
}

/** The provider claims and authorises; both the last root and the refund are on the chain after it. */
async function closeTogether(parts: SettleComponents, desk: ClientDesk): Promise<void> {
  const { chain, wallet, receipts, emit, sessionOf } = parts
  if (desk.state.status === 'frozen') {
    throw new SettlementError('CHANNEL_FROZEN', 'the channel is frozen by a dispute')
  }
  const session = await sessionOf(desk)
  // Durable first: the provider takes no voucher any more once it has read the request.
  desk.beginClosing()
  const closeAuth = await session.requestClose()
  desk.observe(await chain.channel(desk.state.address))
  desk.checkCloseAuth(closeAuth)
  await wallet.send([coopCloseMessage(desk.state.terms, closeAuth)])
  desk.observe(await chain.channel(desk.state.address))
  const amountNano = `${desk.state.claimedNano}`
  emit({ kind: 'channel', channel: desk.address, action: 'closed', amountNano })
  receipts.refresh(desk)
}

/** After the close delay anyone may finish the channel; what was not claimed comes back. */
async function closeAlone(parts: SettleComponents, desk: ClientDesk): Promise<void> {
  const { chain, wallet, emit } = parts
  try {
    await wallet.send([startCloseMessage(desk.state.terms)])
    desk.observe(await chain.channel(desk.state.address))
    const amountNano = `${desk.state.depositedNano}`
    emit({ kind: 'channel', channel: desk.address, action: 'closing', amountNano })
  } catch (thrown) {
    warn(parts, desk, thrown, 'it stays open')
  }
}

/** A channel whose close delay is over is finished; before that there is nothing to do but wait. */
async function finishIfDue(parts: SettleComponents, desk: ClientDesk): Promise<void> {
  const { chain, wallet, emit } = parts
  const [seen, latest] = await Promise.all([chain.channel(desk.state.address), chain.latestBlock()])
  if (seen === undefined || seen.closed) return
  // The close authorisation never reached the chain: this side stopped between the two.
  if (seen.closeAt === 0) return closeAlone(parts, desk)
  if (latest.time < seen.closeAt) return
  await wallet.send([finishMessage(desk.state.terms)])
  desk.observe(await chain.channel(desk.state.address))
  const amountNano = `${desk.state.claimedNano}`
  emit({ kind: 'channel', channel: desk.address, action: 'closed', amountNano })
}

async function viewOf({ chain }: SettleComponents, desk: ClientDesk): Promise<SettlementView> {
  const { address } = desk.state
  const seen = await chain.channel(address)
  const transactions = await chain.transactions(address, FEE_TRANSACTIONS_MAX)
  const depositedNano = seen?.depositedNano ?? desk.state.depositedNano
  const claimedNano = seen?.claimedNano ?? desk.state.claimedNano
  return {
    channel: desk.address,
    depositedNano,
    claimedNano,
    refundedNano: seen?.closed === true ? depositedNano - claimedNano : 0n,
    receiptsRoot: toHex(seen?.receiptsRoot ?? new Uint8Array(32)),
    feesNano: transactions.reduce((sum, one) => sum + one.totalFeesNano, 0n),
  }
}

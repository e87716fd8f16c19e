/** What a wallet owns and cannot send yet: deposits in channels, and what vouchers cover. */
import type { ChannelState } from '#settlement/channel/state.ts'
import type { ChannelOperation } from '#settlement/fees/operations.ts'
import type { ChainReader, WalletMessage } from '#settlement/types.ts'
import { claimMessage, finishMessage, startCloseMessage } from '#settlement/wallet/messages.ts'

export interface HeldBack {
  /** Raw address. */
  readonly channel: string
  /** What comes to the wallet at least; a client's unspent deposit, a provider's earnings. */
  readonly nano: bigint
  /** Unix seconds from which it can be taken, when the next step is done now; in the past: at once. */
  readonly freeAtS: number
  /** The step that this wallet can do now; undefined: only time helps. */
  readonly step:
    | { readonly operation: ChannelOperation; readonly message: WalletMessage }
    | undefined
}

export interface StoredChannel {
  readonly state: ChannelState
  /** A provider has authorised a close until then, and claims nothing before; 0: never. */
  readonly closeAuthUntilS: number
}

/** As the chain says it now. @throws UnavailableError CHAIN_UNREACHABLE */
export async function heldBack(
  chain: ChainReader,
  channels: readonly StoredChannel[],
): Promise<readonly HeldBack[]> {
  const { time: nowS } = await chain.latestBlock()
  const found: HeldBack[] = []
  for (const channel of channels) {
    const one = await heldIn(chain, channel, nowS)
    if (one !== undefined && one.nano > 0n) found.push(one)
  }
  return found
}

async function heldIn(
  chain: ChainReader,
  { state, closeAuthUntilS }: StoredChannel,
  nowS: number,
): Promise<HeldBack | undefined> {
  const { address, role, best, terms } = state
  const seen = await chain.channel(address)
  if (seen === undefined || seen.closed) return undefined
  const channel = address.toRawString()
  const promised = best.amountNano < seen.depositedNano ? best.amountNano : seen.depositedNano
  const owed = promised > seen.claimedNano ? promised : seen.claimedNano
  if (role === 'provider') {
    const nano = owed - seen.claimedNano
    if (best.signed === undefined || nowS <= closeAuthUntilS) {
      return { channel, nano, freeAtS: closeAuthUntilS, step: undefined }
    }
    const message = claimMessage(terms, best.signed)
    return { channel, nano, freeAtS: nowS, step: { operation: 'claim', message } }
  }
  const nano = seen.depositedNano - owed
  if (seen.closeAt === 0 && nowS < terms.expiresAt) {
    const step = { operation: 'startClose' as const, message: startCloseMessage(terms) }
    return { channel, nano, freeAtS: nowS + terms.closeDelay, step }
  }
  const expiry = terms.expiresAt + terms.closeDelay
  const freeAtS = seen.closeAt === 0 ? expiry : Math.min(seen.closeAt, expiry)
  if (nowS < freeAtS) return { channel, nano, freeAtS, step: undefined }
  const step = { operation: 'finish' as const, message: finishMessage(terms) }
  return { channel, nano, freeAtS, step }
}

/** A channel as commands and the API show it, from what is in the ledger. */
import { toHex } from '#protocol/bytes.ts'
import { type ChannelState, usedTotalNano } from '#settlement/channel/state.ts'
import type { ChannelView } from './client-service.ts'

/** @param counterparty the other side's name, where it is known by another than its address */
export function channelView(state: ChannelState, counterparty: string | undefined): ChannelView {
  const { client, provider } = state.terms
  return {
    address: state.address.toRawString(),
    role: state.role,
    counterparty: counterparty ?? (state.role === 'client' ? provider : client).toRawString(),
    status: state.status,
    depositedNano: state.depositedNano,
    voucherNano: state.best.amountNano,
    usedNano: usedTotalNano(state),
    claimedNano: state.claimedNano,
    leafCount: state.tree.count,
    receiptsRoot: toHex(state.best.receiptsRoot),
    expiresAt: state.terms.expiresAt,
  }
}

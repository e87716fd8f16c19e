/**
 * `cocoon channels audit`: replays what this side promised and what the chain did, and explains every
 * nanoTON of each channel. Nothing is repaired and nothing is sent.
 */
import { decodeChannelState } from '#settlement/channel/codec.ts'
import type { ChannelState } from '#settlement/channel/state.ts'
import { type AuditParts, auditChannel } from './channel-audit.ts'
import { type AuditReport, type ChannelAudit, reportOf } from './report.ts'

/**
 * All channels of a store, one after the other.
 * @throws UnavailableError CHAIN_UNREACHABLE
 * @throws ConfigError CHANNEL_STATE_INVALID
 */
export async function auditStore(parts: AuditParts): Promise<AuditReport> {
  const channels: ChannelAudit[] = []
  for (const row of parts.store.loadChannels()) {
    const state = decodeChannelState(JSON.parse(row.stateJson))
    channels.push(await auditChannel(parts, state, counterpartyOf(parts, state)))
  }
  return reportOf(channels)
}

function counterpartyOf({ store }: AuditParts, state: ChannelState): string {
  const { terms, role, address } = state
  if (role === 'provider') return terms.client.toRawString()
  return store.meta(`channel-provider:${address.toRawString()}`) ?? terms.provider.toRawString()
}

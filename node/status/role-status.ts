/** Gathers what a role knows of itself for its status; reads memory only, so that it is cheap. */
import type { OfferDiscovery } from '#node/market/offer-discovery.ts'
import type { Sessions } from '#node/roles/client/sessions.ts'
import type { RoleStatus } from '#node/roles/peer-options.ts'
import type { ProviderChannels } from '#node/roles/provider/channels.ts'
import type { Provider } from '#node/roles/provider/provider.ts'
import type { WorkMeter } from '#node/roles/provider/work-meter.ts'
import { toHex } from '#protocol/bytes.ts'
import { type ChannelState, usedTotalNano } from '#settlement/channel/state.ts'
import type { BidLog } from './bid-log.ts'
import type { ChannelCounts, ProviderStatus } from './status-document.ts'

export interface ProviderStatusParts {
  readonly provider: Provider
  readonly work: WorkMeter
  readonly channels: ProviderChannels
  readonly bids: BidLog
  readonly tier: string
  readonly upstream: ProviderStatus['upstream']
  readonly offer: ProviderStatus['offer']
}

export function providerStatus(parts: ProviderStatusParts): ProviderStatus {
  const { provider, work, channels, bids, tier, upstream, offer } = parts
  const { slotsTotal, modelId, contextTokens, modelContextTokens = contextTokens } = work.info
  const { modelRoot, engine } = work.info
  const { active, queued } = work.load()
  const states = channels.all().map(({ state }) => state)
  return {
    ...{ model: modelId, modelRoot: toHex(modelRoot), engine },
    ...{ tier, upstream, offer, slotsTotal, queued },
    slotsFree: Math.max(0, slotsTotal - active),
    ...{ contextTokens, modelContextTokens },
    sessions: provider.sessionCount,
    answersRunning: provider.requestCount,
    answers: work.answers,
    tokens: work.tokens,
    tokensPerS: work.tokensPerS(),
    earnedNano: `${sum(states.map(usedTotalNano))}`,
    claimedNano: `${sum(states.map(({ claimedNano }) => claimedNano))}`,
    channels: countChannels(states),
    bids: bids.status(),
  }
}

export function clientStatus(
  discovery: OfferDiscovery,
  { waiting, unreadRequests }: Sessions,
  states: readonly ChannelState[],
): RoleStatus['client'] {
  return {
    offers: discovery.offers().length,
    requestsWaiting: waiting.size,
    requestsUnread: unreadRequests,
    spentNano: `${sum(states.map(usedTotalNano))}`,
    channels: countChannels(states),
  }
}

function countChannels(states: readonly ChannelState[]): ChannelCounts {
  const counts = { opening: 0, open: 0, frozen: 0, closing: 0, closed: 0 }
  for (const { status } of states) counts[status] += 1
  return counts
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n)
}

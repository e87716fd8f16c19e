/** The status of a peer for people: the block of `cocoon status`, and the line that logs a change. */
import { type Coins, counted } from '#node/text.ts'
import { moneyRows } from '#node/wallet/money.ts'
import type { ChannelCounts, PeerStatus, ProviderStatus } from './status-document.ts'

export type StatusRow = readonly [string, string]

const REACHABILITY: Record<PeerStatus['reachability'], string> = {
  reached: 'reached: others connect to it',
  listening: 'listens; nobody has connected to it yet',
  'dials-only': 'dials only: no socket listens',
}

/** A peer that has no name of its own is called by its role. */
const who = ({ role, name }: PeerStatus): string => (role === name ? role : `${role} ${name}`)

export function statusRows(status: PeerStatus, coins: Coins, nowMs: number): readonly StatusRow[] {
  const { provider, client } = status
  const rows: StatusRow[] = [
    ['state', `${who(status)}, ${status.state}, up ${duration(status.uptimeMs)}`],
    ['network', `${status.network}, ${counted(status.peers, 'peer')}`],
    ['reachability', REACHABILITY[status.reachability]],
  ]
  if (provider !== null) rows.push(...providerRows(provider, coins, nowMs))
  if (client !== null) {
    rows.push(
      ['API', `${client.apiUrl}/v1, ${client.answersRunning} running`],
      ['offers', `${client.offers} in the book`],
      ['spent', coins(BigInt(client.spentNano))],
      ['channels', channelText(client.channels)],
    )
  }
  rows.push(...moneyRows(status.money, coins))
  return rows
}

/** What changes seldom enough to be worth a line: no times and no rates in it. */
export function statusLine(status: PeerStatus, coins: Coins): string {
  const { provider, client, peers, state } = status
  const parts = [`${state}, ${counted(peers, 'peer')}`]
  if (provider !== null) {
    const { slotsFree, slotsTotal, queued, answers, earnedNano, channels, bids } = provider
    const { upstream } = provider
    if (upstream !== null) parts.push(`upstream ${upstream.state}`)
    parts.push(
      `${slotsFree}/${slotsTotal} slots free, ${queued} queued`,
      `${counted(answers, 'answer')}, earned ${coins(BigInt(earnedNano))}`,
      `channels ${channelText(channels)}`,
      `bids ${bids.won} won, ${bids.lost} lost`,
    )
  }
  if (client !== null) {
    const { offers, answersRunning, spentNano, channels } = client
    parts.push(
      `${counted(offers, 'offer')}, ${answersRunning} running`,
      `spent ${coins(BigInt(spentNano))}`,
      `channels ${channelText(channels)}`,
    )
  }
  return parts.join('; ')
}

function upstreamRows(upstream: ProviderStatus['upstream']): StatusRow[] {
  if (upstream === null) return []
  const { url, dialect, state, trouble, exactTokenIds, launch } = upstream
  const ids = exactTokenIds ? 'token ids' : 'text only: no recount, no resume'
  const why = trouble === null ? '' : ` (${trouble})`
  const whose = launch === null ? '' : `, launched as ${launch.slice(0, 16)}…`
  return [['upstream', `${dialect} at ${url}, ${state}${why}, ${ids}${whose}`]]
}

type Context = Pick<ProviderStatus, 'contextTokens' | 'modelContextTokens'>

function providerRows(
  provider: NonNullable<PeerStatus['provider']>,
  coins: Coins,
  nowMs: number,
): StatusRow[] {
  const { offer, bids } = provider
  const lost = bids.last.slice(0, 3).map(({ reason, atMs }): StatusRow => {
    return ['bid lost', `${duration(nowMs - atMs)} ago: ${reason}`]
  })
  return [
    ['model', `${provider.model}, tier ${provider.tier}`],
    ['root', provider.modelRoot],
    ['engine', provider.engine],
    ...upstreamRows(provider.upstream),
    [
      'offer',
      offer === null ? 'none out' : `no. ${offer.sequence}, ${duration(nowMs - offer.atMs)} ago`,
    ],
    ['slots', `${provider.slotsFree} of ${provider.slotsTotal} free, ${provider.queued} queued`],
    ['context', contextText(provider)],
    ['work', `${provider.tokensPerS.toFixed(1)} tokens/s, ${counted(provider.answers, 'answer')}`],
    [
      'earned',
      `${coins(BigInt(provider.earnedNano))}, ${coins(BigInt(provider.claimedNano))} claimed`,
    ],
    ['channels', channelText(provider.channels)],
    ['bids', `${bids.made} made, ${bids.won} won, ${bids.lost} lost, ${bids.passed} passed`],
    ...lost,
  ]
}

function contextText({ contextTokens, modelContextTokens }: Context): string {
  const lowered =
    contextTokens < modelContextTokens ? `, of ${modelContextTokens} that the model has` : ''
  return `${contextTokens} tokens${lowered}`
}

function channelText(channels: ChannelCounts): string {
  const parts = Object.entries(channels).filter(([, number]) => number > 0)
  return parts.length === 0 ? 'none' : parts.map(([name, number]) => `${number} ${name}`).join(', ')
}

/** "4 s", "12 min", "3 h 20 min", "2 d 4 h". */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  if (minutes < 1) return `${seconds} s`
  if (hours < 1) return `${minutes} min`
  if (hours < 24) return `${hours} h ${minutes % 60} min`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

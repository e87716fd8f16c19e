/** Gauges that show a peer's status as it is at the moment of the question. */
import type { Gauge } from 'prom-client'
import type { RoleStatus } from '#node/roles/peer-options.ts'
import { METRICS, type MetricLine } from './names.ts'

/** nanoTON as a double: exact up to nine million coins, and a figure on a graph beyond. */
const nano = (amount: string): number => Number(amount)

/** Returns the function that sets them all; a role's own are made when it first has them. */
export function statusGauges(gauge: (line: MetricLine) => Gauge): (status: RoleStatus) => void {
  const made = new Map<string, Gauge>()
  const of = (line: MetricLine): Gauge => {
    const known = made.get(line.name) ?? gauge(line)
    made.set(line.name, known)
    return known
  }
  return ({ peers, inbound, provider, client }) => {
    of(METRICS.peers).set(peers)
    of(METRICS.inbound).set(inbound)
    for (const [status, count] of Object.entries((provider ?? client)?.channels ?? {})) {
      of(METRICS.channels).set({ status }, count)
    }
    if (client !== null) {
      of(METRICS.offers).set(client.offers)
      of(METRICS.waiting).set(client.requestsWaiting)
      of(METRICS.unread).set(client.requestsUnread)
      of(METRICS.spent).set(nano(client.spentNano))
    }
    if (provider === null) return
    of(METRICS.slots).set({ state: 'total' }, provider.slotsTotal)
    of(METRICS.slots).set({ state: 'free' }, provider.slotsFree)
    of(METRICS.queued).set(provider.queued)
    of(METRICS.sessions).set(provider.sessions)
    of(METRICS.serving).set(provider.answersRunning)
    of(METRICS.answers).set(provider.answers)
    of(METRICS.made).set(provider.tokens)
    of(METRICS.rate).set(provider.tokensPerS)
    of(METRICS.earned).set(nano(provider.earnedNano))
    of(METRICS.claimed).set(nano(provider.claimedNano))
  }
}

/** One line for each event, for people. */
import type { NodeEvent } from '#node/roles/events.ts'
import { type Coins, shortAddress } from '#node/text.ts'

/** Undefined: not worth a line, for example an offer that says what the one before it said. */
export type EventPrinter = (event: NodeEvent) => string | undefined

export interface EventPrinterOptions {
  readonly coins: Coins
  /** Unix milliseconds; lines count seconds from here. */
  readonly startedAtMs: number
  /** Shows a provider: by its name where that is known, else shortened. */
  readonly nameOf: (provider: string) => string
}

export function eventPrinter({ coins, startedAtMs, nameOf }: EventPrinterOptions): EventPrinter {
  const lastOffers = new Map<string, string>()
  return (event) => {
    if (event.kind === 'offer' && isRepeated(event, lastOffers)) return undefined
    const seconds = ((event.atMs - startedAtMs) / 1000).toFixed(1).padStart(7)
    return `${seconds}s  ${event.peer.padEnd(12)} ${event.kind.padEnd(8)} ${eventText(named(event, nameOf), coins)}`
  }
}

/** Every peer hears every offer; the line is printed once, for the provider's own announcement. */
function isRepeated(
  event: Extract<NodeEvent, { kind: 'offer' }>,
  lastOffers: Map<string, string>,
): boolean {
  const content = `${event.modelId} ${event.completionNanoPerMtok} ${event.slotsFree}`
  if (lastOffers.get(event.provider) === content) return true
  lastOffers.set(event.provider, content)
  return false
}

function named(event: NodeEvent, nameOf: (provider: string) => string): NodeEvent {
  return 'provider' in event ? { ...event, provider: nameOf(event.provider) } : event
}

function eventText(event: NodeEvent, coins: Coins): string {
  switch (event.kind) {
    case 'offer': {
      const price = coins(BigInt(event.completionNanoPerMtok))
      return `${event.provider} offers ${event.modelId} at ${price}/Mtok, ${event.slotsFree} slots free`
    }
    case 'choice':
      return `${event.provider} of ${event.considered}: ${event.reason}`
    case 'queued':
      return `${event.requestId.slice(0, 16)} waits for a slot, ${event.ahead} go first`
    case 'verdict':
      return `${event.provider} ${event.ok ? 'accepted' : 'REFUSED'}, tier ${event.tier}: ${stepCount(event)}`
    case 'channel':
      return `${shortAddress(event.channel)} ${event.action}, ${coins(BigInt(event.amountNano))}`
    case 'payment':
      return `voucher of ${coins(BigInt(event.voucherNano))} on ${shortAddress(event.channel)}`
    case 'receipt':
      return `${event.id.slice(0, 16)} leaf ${event.leafIndex}, ${coins(BigInt(event.usedNano))}, ${event.finish}`
    case 'job':
      return `${event.jobId.slice(0, 16)} ${event.action} ${event.detail}`.trimEnd()
    case 'warning':
      return `${event.code}: ${event.message}`
  }
}

function stepCount(event: Extract<NodeEvent, { kind: 'verdict' }>): string {
  const failed = event.steps.filter((step) => step.status === 'failed')
  const passed = event.steps.filter((step) => step.status === 'passed').length
  if (failed.length === 0) return `${passed} steps passed`
  return `failed at ${failed.map((step) => step.name).join(', ')}`
}

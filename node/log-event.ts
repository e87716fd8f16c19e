/**
 * Events as lines of the log. A request is named by its id on the wire in the logs of both sides, so
 * that one search follows it across the network.
 */
import type { Logger } from 'pino'
import type { NodeEventBody } from './roles/events.ts'

type Kind = NodeEventBody['kind']

interface Line {
  readonly level: 'debug' | 'info' | 'warn'
  /** Named one by one: what an event gains later is not logged by accident. */
  readonly fields: readonly string[]
}

const LINES: Readonly<Record<Kind, Line>> = {
  offer: { level: 'debug', fields: ['provider', 'modelId', 'sequence', 'slotsFree'] },
  payment: { level: 'debug', fields: ['requestId', 'channel', 'allocatedNano', 'voucherNano'] },
  choice: { level: 'info', fields: ['requestId', 'provider', 'considered'] },
  queued: { level: 'debug', fields: ['requestId', 'ahead'] },
  verdict: { level: 'info', fields: ['provider', 'tier', 'ok'] },
  channel: { level: 'info', fields: ['channel', 'action', 'amountNano'] },
  receipt: { level: 'info', fields: ['id', 'channel', 'leafIndex', 'usedNano', 'finish'] },
  job: { level: 'info', fields: ['jobId', 'action'] },
  // Its message is for people and may name what another peer said.
  warning: { level: 'warn', fields: ['code'] },
}

export function logEvent(log: Logger, body: NodeEventBody): void {
  const { level, fields } = LINES[body.kind]
  const values: Readonly<Record<string, unknown>> = body
  log[level](Object.fromEntries(fields.map((name) => [name, values[name]])), body.kind)
}

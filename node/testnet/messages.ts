/** What a child process of a testnet says to its parent, and hears, over Node's IPC channel. */
import { z } from 'zod'
import type { NodeEvent } from '#node/roles/events.ts'

const failureSchema = z.object({
  kind: z.enum(['config', 'unavailable', 'protocol', 'attestation', 'settlement']),
  code: z.string(),
  message: z.string(),
  remedy: z.string(),
})

const peerReadySchema = z.object({
  name: z.string(),
  role: z.enum(['provider', 'client']),
  peerId: z.string(),
  addresses: z.array(z.string()),
  walletAddress: z.string().optional(),
  apiUrl: z.string().optional(),
  metricsUrl: z.string().optional(),
})

const eventSchema = z.custom<NodeEvent>(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    'kind' in value &&
    typeof value.kind === 'string' &&
    'peer' in value &&
    typeof value.peer === 'string' &&
    'atMs' in value &&
    typeof value.atMs === 'number',
)

export const childMessageSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready'), peers: z.array(peerReadySchema) }),
  z.object({ kind: z.literal('chain-ready'), url: z.url() }),
  z.object({ kind: z.literal('event'), event: eventSchema }),
  z.object({ kind: z.literal('failed'), error: failureSchema }),
])

export type ChildFailure = z.output<typeof failureSchema>
export type ChildMessage = z.output<typeof childMessageSchema>
export type PeerReady = z.output<typeof peerReadySchema>

/** The only thing a parent says. Losing the parent means the same. */
export const STOP_MESSAGE = { kind: 'stop' } as const

export function isStopMessage(message: unknown): boolean {
  return (
    typeof message === 'object' && message !== null && 'kind' in message && message.kind === 'stop'
  )
}

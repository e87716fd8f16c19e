/**
 * Named moments of a session. Whoever composes a peer may pass a probe to be told of each: the fault
 * tests end a peer there. Production composes none, and a probe changes nothing by itself.
 */
import type { ClientContent } from '#protocol/session/client-content.ts'
import type { ClientSessionEvent } from '#protocol/session/client-session.ts'
import type { ProviderContent } from '#protocol/session/provider-content.ts'
import type { ProviderSessionEvent } from '#protocol/session/provider-session.ts'

export type ProbePoint =
  /** The state machine of this side took the event. */
  | `client session ${ClientSessionEvent['kind']}`
  | `provider session ${ProviderSessionEvent['kind']}`
  /** Durable, not sealed yet. */
  | `client sends ${ClientContent['kind']}`
  | `provider sends ${ProviderContent['kind']}`
  /** The transport has taken it. */
  | `client sent ${ClientContent['kind']}`
  | `provider sent ${ProviderContent['kind']}`

export type Probe = (point: ProbePoint) => void

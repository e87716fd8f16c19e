/** The provider's order of things: no channel state is shown or changed before the open verifies. */
import {
  ACCEPT_TIMEOUT_MS,
  HELLO_TIMEOUT_MS,
  SESSION_IDLE_MAX_MS,
  VERDICT_TIMEOUT_MS,
} from '../constants.ts'
import {
  type HandshakeTable,
  REQUEST_EVENTS,
  type RequestEvent,
  type SessionState,
  startSession,
  stepSession,
} from './phases.ts'

type ProviderHandshake =
  /** The client's hello arrived. */
  | 'client-hello'
  /** Hello and evidence were sent; the client judges them. */
  | 'evidence-sent'
  /** The encapsulation arrived and is fresh. */
  | 'seal-open'
  /** The session key's transcript signature verified, and SessionAccept was sent. */
  | 'open-accepted'

export type ProviderSessionEvent = RequestEvent | { readonly kind: ProviderHandshake }

const HANDSHAKE: HandshakeTable<ProviderHandshake> = {
  'client-hello': { from: 'hello', to: 'evidence', timeoutMs: HELLO_TIMEOUT_MS },
  'evidence-sent': { from: 'evidence', to: 'verdict', timeoutMs: VERDICT_TIMEOUT_MS },
  'seal-open': { from: 'verdict', to: 'sealed', timeoutMs: ACCEPT_TIMEOUT_MS },
  'open-accepted': { from: 'sealed', to: 'accepted', timeoutMs: SESSION_IDLE_MAX_MS },
}

/** Every kind of event that this side's state machine knows, the handshake's in their order. */
export const PROVIDER_SESSION_EVENTS: readonly string[] = [
  ...Object.keys(HANDSHAKE),
  ...REQUEST_EVENTS,
]

/** The stream was opened at `nowMs` (Unix milliseconds). */
export function startProviderSession(nowMs: number): SessionState {
  return startSession(nowMs)
}

/**
 * The state after a message that is legal now.
 * @throws ProtocolError SESSION_OUT_OF_ORDER, SESSION_TOO_MANY_REQUESTS
 * @throws UnavailableError SESSION_TIMEOUT
 */
export function stepProviderSession(
  state: SessionState,
  event: ProviderSessionEvent,
  nowMs: number,
): SessionState {
  return stepSession(HANDSHAKE, state, event, nowMs)
}

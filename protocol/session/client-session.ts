/** The client's order of things: nothing is sealed before the verdict, nothing asked before accept. */
import { ACCEPT_TIMEOUT_MS, SESSION_IDLE_MAX_MS, VERDICT_TIMEOUT_MS } from '../constants.ts'
import {
  type HandshakeTable,
  REQUEST_EVENTS,
  type RequestEvent,
  type SessionState,
  startSession,
  stepSession,
} from './phases.ts'

type ClientHandshake =
  /** The provider's hello arrived. */
  | 'provider-hello'
  /** The client's own policy found the evidence good, and the channel is funded. */
  | 'verdict-passed'
  /** Encapsulation and the sealed SessionOpen were sent. */
  | 'seal-sent'
  /** SessionAccept arrived and the response key's transcript signature verified. */
  | 'accept'

export type ClientSessionEvent = RequestEvent | { readonly kind: ClientHandshake }

const HANDSHAKE: HandshakeTable<ClientHandshake> = {
  'provider-hello': { from: 'hello', to: 'evidence', timeoutMs: VERDICT_TIMEOUT_MS },
  'verdict-passed': { from: 'evidence', to: 'verdict', timeoutMs: VERDICT_TIMEOUT_MS },
  'seal-sent': { from: 'verdict', to: 'sealed', timeoutMs: ACCEPT_TIMEOUT_MS },
  accept: { from: 'sealed', to: 'accepted', timeoutMs: SESSION_IDLE_MAX_MS },
}

/** Every kind of event that this side's state machine knows, the handshake's in their order. */
export const CLIENT_SESSION_EVENTS: readonly string[] = [
  ...Object.keys(HANDSHAKE),
  ...REQUEST_EVENTS,
]

/** The hello was sent at `nowMs` (Unix milliseconds). */
export function startClientSession(nowMs: number): SessionState {
  return startSession(nowMs)
}

/**
 * The state after a message that is legal now.
 * @throws ProtocolError SESSION_OUT_OF_ORDER, SESSION_TOO_MANY_REQUESTS
 * @throws UnavailableError SESSION_TIMEOUT
 */
export function stepClientSession(
  state: SessionState,
  event: ClientSessionEvent,
  nowMs: number,
): SessionState {
  return stepSession(HANDSHAKE, state, event, nowMs)
}

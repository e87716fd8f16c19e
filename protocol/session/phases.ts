/** What both sides of a session share: phases, the table of open requests, deadlines. Pure. */
import {
  HELLO_TIMEOUT_MS,
  IDLE_TIMEOUT_MS,
  SESSION_IDLE_MAX_MS,
  SESSION_REQUESTS_MAX,
} from '../constants.ts'
import { ProtocolError, UnavailableError } from '../errors.ts'

export type SessionPhase =
  /** The client's hello is on its way. */
  | 'hello'
  /** The hello arrived: evidence is fetched, sent and checked. */
  | 'evidence'
  /** The evidence is good (client) or being judged (provider). */
  | 'verdict'
  /** The seal is open; the channel is being authenticated. */
  | 'sealed'
  /** Both transcript signatures verified; no request is open. */
  | 'accepted'
  /** At least one request is open. */
  | 'asking'
  | 'closed'

export interface SessionState {
  readonly phase: SessionPhase
  /** Unix milliseconds; nothing is legal later. */
  readonly deadlineMs: number
  /** Hex ids of open requests, at most SESSION_REQUESTS_MAX. */
  readonly requests: ReadonlySet<string>
}

/** After the handshake both sides obey the same rules. */
export type RequestEvent =
  | { readonly kind: 'ask'; readonly requestId: string }
  /** Any message of an open request: tokens, checkpoint, allocation, cancellation. */
  | { readonly kind: 'progress'; readonly requestId: string }
  /** The final receipt, or a refusal of this request. */
  | { readonly kind: 'ended'; readonly requestId: string }
  | { readonly kind: 'close' }

const REQUEST_EVENT_KINDS: Readonly<Record<RequestEvent['kind'], true>> = {
  ask: true,
  progress: true,
  ended: true,
  close: true,
}

/** The kinds of RequestEvent. */
export const REQUEST_EVENTS: readonly string[] = Object.keys(REQUEST_EVENT_KINDS)

/** One legal step of a handshake. */
export interface HandshakeStep {
  readonly from: SessionPhase
  readonly to: SessionPhase
  /** How long the next step may take. */
  readonly timeoutMs: number
}

export type HandshakeTable<Kind extends string> = Readonly<Record<Kind, HandshakeStep>>

export function startSession(nowMs: number): SessionState {
  return { phase: 'hello', deadlineMs: nowMs + HELLO_TIMEOUT_MS, requests: new Set() }
}

/** The session should be closed: nothing happened for too long. */
export function isSessionExpired(state: SessionState, nowMs: number): boolean {
  return state.phase !== 'closed' && nowMs > state.deadlineMs
}

/**
 * @throws ProtocolError SESSION_OUT_OF_ORDER, SESSION_TOO_MANY_REQUESTS
 * @throws UnavailableError SESSION_TIMEOUT
 */
export function stepSession<Kind extends string>(
  table: HandshakeTable<Kind>,
  state: SessionState,
  event: RequestEvent | { readonly kind: Kind },
  nowMs: number,
): SessionState {
  if (state.phase === 'closed') throw outOfOrder(state, event.kind)
  if (event.kind === 'close') return { phase: 'closed', deadlineMs: nowMs, requests: new Set() }
  if (isSessionExpired(state, nowMs)) {
    throw new UnavailableError('SESSION_TIMEOUT', `nothing came in phase ${state.phase} for long`)
  }
  if ('requestId' in event) return stepRequest(state, event, nowMs)
  const step = table[event.kind as Kind]
  if (step === undefined || step.from !== state.phase) throw outOfOrder(state, event.kind)
  return { ...state, phase: step.to, deadlineMs: nowMs + step.timeoutMs }
}

function stepRequest(
  state: SessionState,
  event: Exclude<RequestEvent, { kind: 'close' }>,
  nowMs: number,
): SessionState {
  const isOpen = state.requests.has(event.requestId)
  const isAsk = event.kind === 'ask'
  const ready = state.phase === 'accepted' || state.phase === 'asking'
  if (!ready || isAsk === isOpen) throw outOfOrder(state, event.kind)
  if (isAsk && state.requests.size >= SESSION_REQUESTS_MAX) {
    throw new ProtocolError('SESSION_TOO_MANY_REQUESTS', 'too many requests are open at once', {
      remedy: 'Wait for an answer, or use another session.',
    })
  }
  const requests = new Set(state.requests)
  if (isAsk) requests.add(event.requestId)
  if (event.kind === 'ended') requests.delete(event.requestId)
  const phase = requests.size === 0 ? 'accepted' : 'asking'
  const timeoutMs = phase === 'asking' ? IDLE_TIMEOUT_MS : SESSION_IDLE_MAX_MS
  return { phase, deadlineMs: nowMs + timeoutMs, requests }
}

function outOfOrder(state: SessionState, kind: string): ProtocolError {
  return new ProtocolError('SESSION_OUT_OF_ORDER', `${kind} is not legal in phase ${state.phase}`)
}

/** What a side of a channel refuses to do, each with its code. */
import { ProtocolError, SettlementError } from '#protocol/errors.ts'
import { OPEN_REQUESTS_MAX, REQUEST_ID_HEX_LENGTH } from '../constants.ts'
import type { ChannelState, OpenRequest } from './state.ts'

/** @throws SettlementError CHANNEL_NOT_OPEN, CHANNEL_FROZEN, CHANNEL_EXPIRED */
export function requireOpen(state: ChannelState, nowS: number): void {
  if (state.status === 'frozen') {
    throw new SettlementError('CHANNEL_FROZEN', 'the channel is frozen by a dispute', {
      data: { dispute: state.dispute ?? '' },
    })
  }
  if (state.status !== 'open') {
    throw new SettlementError('CHANNEL_NOT_OPEN', `the channel is ${state.status}`, {
      remedy: 'Open another channel with this provider.',
      data: { status: state.status },
    })
  }
  if (nowS >= state.terms.expiresAt) {
    throw new SettlementError('CHANNEL_EXPIRED', 'the channel has reached the end of its life', {
      remedy: 'Close it and open another one.',
      data: { expiresAt: state.terms.expiresAt },
    })
  }
}

/** @throws ProtocolError REQUEST_UNKNOWN */
export function requireRequest(state: ChannelState, requestId: string): OpenRequest {
  const found = state.requests.find((one) => one.requestId === requestId)
  if (found !== undefined) return found
  throw new ProtocolError('REQUEST_UNKNOWN', 'no open request of this channel has this id')
}

/** @throws ProtocolError REQUEST_ENDED besides REQUEST_UNKNOWN */
export function requireRunning(state: ChannelState, requestId: string): OpenRequest {
  const found = requireRequest(state, requestId)
  if (!found.ended) return found
  throw new ProtocolError('REQUEST_ENDED', 'this request has its final receipt already')
}

/** @throws ProtocolError REQUEST_ID_INVALID, REQUESTS_TOO_MANY */
export function requireRoom(state: ChannelState, requestId: string): void {
  if (!/^[0-9a-f]+$/.test(requestId) || requestId.length !== REQUEST_ID_HEX_LENGTH) {
    throw new ProtocolError('REQUEST_ID_INVALID', 'a request id is 16 bytes in lower hexadecimal')
  }
  if (state.requests.some((one) => one.requestId === requestId)) {
    throw new ProtocolError('REQUEST_ID_INVALID', 'this request id is in use')
  }
  if (state.requests.length >= OPEN_REQUESTS_MAX) {
    throw new ProtocolError(
      'REQUESTS_TOO_MANY',
      `a channel carries at most ${OPEN_REQUESTS_MAX} requests at once`,
      { remedy: 'Wait for one of them, or open another channel.' },
    )
  }
}

/** @throws ProtocolError ALLOCATION_LOWERED */
export function requireRaise(request: OpenRequest | undefined, allocatedNano: bigint): void {
  const floorNano = request?.allocatedNano ?? 0n
  if (allocatedNano >= floorNano && allocatedNano >= 0n) return
  throw new ProtocolError('ALLOCATION_LOWERED', 'an allocation is cumulative and never shrinks')
}

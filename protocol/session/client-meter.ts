/**
 * The client's side of metering (docs/spec/session.md): what to pay next, and when the provider
 * miscounts. The next chunk is allocated when half of the present one has arrived, so the client has
 * never paid for more than one and a half chunks that it does not hold.
 */
import { CHUNK_UNITS_MIN } from '../constants.ts'
import { priceNano, type TokenCounts } from '../money.ts'
import {
  checkTerms,
  chunkUnits,
  isCount,
  type MeterTerms,
  unitsAffordable,
  unitsCostNano,
  unitsTotal,
} from './units.ts'

export interface ClientMeterTerms extends MeterTerms {
  /** Units that this provider delivered as promised before; 0 for a stranger. */
  readonly keptUnits: number
  /** Requests that may run beside this one, itself included, share one exposure. */
  readonly streams: number
}

/** What a checkpoint or a final receipt says of this request. */
export interface UsageClaim extends TokenCounts {
  readonly usedNano: bigint
}

export type ViolationCode =
  /** More arrived than was paid for or asked for. */
  | 'METER_OVERRUN'
  /** A cumulative count went down, or is no count. */
  | 'METER_BACKWARDS'
  /** Completion tokens before the prompt was read, or anything after the end. */
  | 'METER_ORDER'
  /** A checkpoint's counts are not what arrived. */
  | 'METER_COUNT'
  /** A checkpoint's `used` is not the price of its counts, or more than was allocated. */
  | 'METER_PRICE'

export type ClientMeterEvent =
  | { readonly kind: 'start' }
  /** Cumulative. */
  | { readonly kind: 'prompt-progress'; readonly doneTokens: number }
  /** How many new completion tokens arrived. */
  | { readonly kind: 'tokens'; readonly count: number }
  | ({ readonly kind: 'checkpoint' } & UsageClaim)
  | ({ readonly kind: 'ended' } & UsageClaim)

export type ClientMeterEffect =
  /** Cumulative for this request; a voucher must cover it. */
  | { readonly kind: 'allocate'; readonly allocatedNano: bigint }
  /** Nothing is ever allocated after it. */
  | { readonly kind: 'violation'; readonly code: ViolationCode; readonly detail: string }

export interface ClientMeter {
  readonly terms: ClientMeterTerms
  readonly phase: 'idle' | 'metering' | 'ended' | 'violated'
  readonly promptDone: number
  readonly completionDone: number
  readonly allocatedNano: bigint
  /** Units at which the present chunk ends, and its size. */
  readonly chunkEnd: number
  readonly chunkSize: number
}

export interface ClientMeterStep {
  readonly state: ClientMeter
  readonly effects: readonly ClientMeterEffect[]
}

/** @throws RangeError on terms that are out of range */
export function startClientMeter(terms: ClientMeterTerms): ClientMeter {
  checkTerms(terms)
  if (!isCount(terms.keptUnits)) throw new RangeError('keptUnits is a count')
  if (!isCount(terms.streams) || terms.streams < 1) throw new RangeError('streams is at least 1')
  return {
    terms,
    phase: 'idle',
    promptDone: 0,
    completionDone: 0,
    allocatedNano: 0n,
    chunkEnd: 0,
    chunkSize: 0,
  }
}

export function stepClientMeter(state: ClientMeter, event: ClientMeterEvent): ClientMeterStep {
  if (state.phase === 'violated') return { state, effects: [] }
  if (state.phase === 'ended') return violate(state, 'METER_ORDER', `${event.kind} after the end`)
  switch (event.kind) {
    case 'start':
      return state.phase === 'idle'
        ? allocate({ ...state, phase: 'metering' })
        : violate(state, 'METER_ORDER', 'started twice')
    case 'prompt-progress':
      return arrived(state, event.doneTokens, state.completionDone)
    case 'tokens':
      return tokensArrived(state, event.count)
    case 'checkpoint':
      return check(state, event) ?? { state, effects: [] }
    case 'ended':
      return check(state, event) ?? { state: { ...state, phase: 'ended' }, effects: [] }
  }
}

function tokensArrived(state: ClientMeter, count: number): ClientMeterStep {
  if (!isCount(count)) return violate(state, 'METER_BACKWARDS', 'tokens that are no count')
  if (count > 0 && state.promptDone < state.terms.promptTokens) {
    return violate(state, 'METER_ORDER', 'completion tokens before the prompt was read')
  }
  return arrived(state, state.promptDone, state.completionDone + count)
}

function arrived(state: ClientMeter, promptDone: number, completionDone: number): ClientMeterStep {
  const { terms } = state
  if (!isCount(promptDone) || promptDone < state.promptDone) {
    return violate(state, 'METER_BACKWARDS', 'the prompt count went down')
  }
  if (promptDone > terms.promptTokens || completionDone > terms.completionTokensMax) {
    return violate(state, 'METER_OVERRUN', 'more tokens than were asked for')
  }
  if (promptDone + completionDone > unitsAffordable(terms, state.allocatedNano)) {
    return violate(state, 'METER_OVERRUN', 'more tokens than were paid for')
  }
  const next = { ...state, promptDone, completionDone }
  return next.phase === 'metering' ? allocate(next) : { state: next, effects: [] }
}

/** Goes on to the next chunk once half of the present one has arrived. */
function allocate(state: ClientMeter): ClientMeterStep {
  const { terms, chunkEnd, chunkSize } = state
  const received = state.promptDone + state.completionDone
  const total = unitsTotal(terms)
  const halfwayUnits = chunkEnd - Math.floor(chunkSize / 2)
  if (chunkEnd >= total || received < halfwayUnits) return { state, effects: [] }
  const alone = chunkUnits(terms.keptUnits + received)
  const size = Math.max(CHUNK_UNITS_MIN, Math.floor(alone / terms.streams))
  // Rounding can pay for a little more than was meant, so what arrived may be past the chunk's end.
  const end = Math.min(total, Math.max(chunkEnd, received) + size)
  const allocatedNano = unitsCostNano(terms.prices, terms.promptTokens, 0, end)
  const next = { ...state, chunkEnd: end, chunkSize: size, allocatedNano }
  const raised = allocatedNano > state.allocatedNano
  return { state: next, effects: raised ? [{ kind: 'allocate', allocatedNano }] : [] }
}

/** Undefined: the claim is what arrived, at its price. */
function check(state: ClientMeter, claim: UsageClaim): ClientMeterStep | undefined {
  const { promptTokens, cachedTokens, completionTokens, usedNano } = claim
  if (![promptTokens, cachedTokens, completionTokens].every(isCount)) {
    return violate(state, 'METER_BACKWARDS', 'a count that is no count')
  }
  if (promptTokens < state.promptDone || completionTokens < state.completionDone) {
    return violate(state, 'METER_BACKWARDS', 'a checkpoint counts less than arrived')
  }
  if (promptTokens !== state.promptDone || completionTokens !== state.completionDone) {
    return violate(state, 'METER_COUNT', 'a checkpoint counts more than arrived')
  }
  if (cachedTokens > promptTokens) {
    return violate(state, 'METER_COUNT', 'more tokens are cached than were read')
  }
  if (usedNano !== priceNano(state.terms.prices, claim) || usedNano > state.allocatedNano) {
    return violate(state, 'METER_PRICE', 'used is not the price of what arrived')
  }
  return undefined
}

function violate(state: ClientMeter, code: ViolationCode, detail: string): ClientMeterStep {
  return { state: { ...state, phase: 'violated' }, effects: [{ kind: 'violation', code, detail }] }
}

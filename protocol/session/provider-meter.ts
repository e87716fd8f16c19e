/**
 * The provider's side of metering (docs/spec/session.md): how far it may work, and when it owes a
 * checkpoint. It never works ahead of the money, so it risks nothing.
 */
import { checkTerms, type MeterTerms, unitsAffordable, unitsTotal } from './units.ts'

export type ProviderMeterEvent =
  /** The ask was taken: owes the checkpoint with zero counts, which names the leaf index. */
  | { readonly kind: 'start' }
  /** Cumulative for this request, covered by a voucher that was verified and stored. */
  | { readonly kind: 'allocated'; readonly nano: bigint }
  /** This many more units were produced; all of the prompt comes before the completion. */
  | {
      readonly kind: 'produced'
      readonly units: number
      readonly part: 'prompt' | 'completion'
    }
  | { readonly kind: 'ended' }

export type ProviderMeterEffect =
  /** Work may go on up to this many units of the request, cumulative. */
  | { readonly kind: 'produce'; readonly unitsAllowed: number }
  /** All that was paid is produced: wait for the next allocation. */
  | { readonly kind: 'pause' }
  /** Sign, store and send the receipt so far, with the counts as they stand now. */
  | { readonly kind: 'checkpoint' }
  /** The client broke the protocol: end the request with what was produced. */
  | { readonly kind: 'violation'; readonly code: 'METER_ALLOCATION'; readonly detail: string }

export interface ProviderMeter {
  readonly terms: MeterTerms
  readonly phase: 'idle' | 'metering' | 'ended' | 'violated'
  readonly promptDone: number
  readonly completionDone: number
  readonly allocatedNano: bigint
  readonly unitsAllowed: number
  /** Earlier allowances that production has not reached yet, ascending: a checkpoint is due at each. */
  readonly boundaries: readonly number[]
}

export interface ProviderMeterStep {
  readonly state: ProviderMeter
  readonly effects: readonly ProviderMeterEffect[]
}

/** @throws RangeError on terms that are out of range */
export function startProviderMeter(terms: MeterTerms): ProviderMeter {
  checkTerms(terms)
  return {
    terms,
    phase: 'idle',
    promptDone: 0,
    completionDone: 0,
    allocatedNano: 0n,
    unitsAllowed: 0,
    boundaries: [],
  }
}

/** @throws RangeError when the caller itself produced what was not paid for or not asked for */
export function stepProviderMeter(
  state: ProviderMeter,
  event: ProviderMeterEvent,
): ProviderMeterStep {
  // Allocations that crossed the end on the wire are legal and change nothing.
  if (state.phase === 'ended' || state.phase === 'violated') return { state, effects: [] }
  switch (event.kind) {
    case 'start':
      return start(state)
    case 'allocated':
      return allocated(state, event.nano)
    case 'produced':
      return produced(state, event.units, event.part)
    case 'ended':
      return { state: { ...state, phase: 'ended' }, effects: [] }
  }
}

function start(state: ProviderMeter): ProviderMeterStep {
  if (state.phase !== 'idle') throw new RangeError('a request is started once')
  const { terms } = state
  // A free request needs no voucher: what zero nanoTON pays for may be produced at once.
  const unitsAllowed = unitsAffordable(terms, 0n)
  const boundaries = unitsAllowed > 0 ? [unitsAllowed] : []
  const next: ProviderMeter = { ...state, phase: 'metering', unitsAllowed, boundaries }
  const work: ProviderMeterEffect =
    unitsAllowed > 0 ? { kind: 'produce', unitsAllowed } : { kind: 'pause' }
  return { state: next, effects: [{ kind: 'checkpoint' }, work] }
}

function allocated(state: ProviderMeter, nano: bigint): ProviderMeterStep {
  if (state.phase !== 'metering' || nano < state.allocatedNano) {
    const detail = 'an allocation went down, or came before the request started'
    const violation = { kind: 'violation', code: 'METER_ALLOCATION', detail } as const
    return { state: { ...state, phase: 'violated' }, effects: [violation] }
  }
  const unitsAllowed = unitsAffordable(state.terms, nano)
  if (unitsAllowed === state.unitsAllowed) {
    return { state: { ...state, allocatedNano: nano }, effects: [] }
  }
  const boundaries = [...state.boundaries, unitsAllowed]
  const next = { ...state, allocatedNano: nano, unitsAllowed, boundaries }
  return { state: next, effects: [{ kind: 'produce', unitsAllowed }] }
}

function produced(
  state: ProviderMeter,
  units: number,
  part: 'prompt' | 'completion',
): ProviderMeterStep {
  const { terms } = state
  const promptDone = state.promptDone + (part === 'prompt' ? units : 0)
  const completionDone = state.completionDone + (part === 'completion' ? units : 0)
  const done = promptDone + completionDone
  const legal =
    state.phase === 'metering' &&
    Number.isSafeInteger(units) &&
    units >= 0 &&
    promptDone <= terms.promptTokens &&
    done <= state.unitsAllowed &&
    (completionDone === 0 || promptDone === terms.promptTokens)
  if (!legal) throw new RangeError('produced what was not paid for or not asked for')
  const boundaries = state.boundaries.filter((boundary) => boundary > done)
  const effects: ProviderMeterEffect[] = []
  if (boundaries.length < state.boundaries.length) effects.push({ kind: 'checkpoint' })
  if (done === state.unitsAllowed && done < unitsTotal(terms)) effects.push({ kind: 'pause' })
  return { state: { ...state, promptDone, completionDone, boundaries }, effects }
}

/**
 * Metering (docs/spec/session.md): the client pays chunk by chunk ahead of the work, the provider
 * never works ahead of the money. Two pure state machines; money, counts and prices, nothing else.
 *
 * Exposure: the next chunk is allocated when half of the present one has arrived, so the client has
 * never paid for more than one and a half chunks that it does not hold. The provider risks nothing.
 */
export {
  type ClientMeter,
  type ClientMeterEffect,
  type ClientMeterEvent,
  type ClientMeterTerms,
  startClientMeter,
  stepClientMeter,
  type UsageClaim,
  type ViolationCode,
} from './client-meter.ts'
export {
  type ProviderMeter,
  type ProviderMeterEffect,
  type ProviderMeterEvent,
  startProviderMeter,
  stepProviderMeter,
} from './provider-meter.ts'
export { chunkUnits, type MeterTerms, unitsCostNano } from './units.ts'

/** Checks of single fields that offers, jobs and bids share. Each refuses with a typed reason. */
import { create } from '@bufbuild/protobuf'
import type { UnitPrices } from '../money.ts'
import { type Prices, PricesSchema, type Tier } from '../wire/gen/cocoon_pb.ts'
import {
  ADDRESS_CHARS_MAX,
  ADDRESSES_MAX,
  ISSUED_AHEAD_MS_MAX,
  MARKET_VERSION,
  PRICE_NANO_PER_MTOK_MAX,
} from './constants.ts'
import { check, refuse } from './records.ts'
import { type AssuranceTier, MAINNET_GLOBAL_ID, tierFromWire } from './tier.ts'

/** What the receiver knows: its own network and its own clock. */
export interface ReceiveContext {
  /** The receiver's own configured TON global id. */
  readonly globalId: number
  /** Unix milliseconds; undefined: history is read, the clock is not held against it. */
  readonly nowMs: number | undefined
}

/** `/ip4/127.0.0.1/tcp/4001` and the like: protocol names and values, printable, no spaces. */
const MULTIADDR = /^(\/[\w.:%+-]+)+$/

export function checkVersion(version: number): void {
  if (version !== MARKET_VERSION) refuse('version', String(version))
}

export function checkNetwork(globalId: number, context: ReceiveContext): void {
  if (globalId !== context.globalId) refuse('wrong-network', `global id ${globalId}`)
}

export function checkBytes32(bytes: Uint8Array, name: string): Uint8Array {
  check(bytes.length === 32, `${name} is ${bytes.length} bytes`)
  return bytes
}

export function checkCount(value: number, max: number, name: string): number {
  check(Number.isInteger(value) && value >= 0 && value <= max, `${name} is ${value}`)
  return value
}

export function checkAddresses(addresses: readonly string[]): readonly string[] {
  check(addresses.length <= ADDRESSES_MAX, `${addresses.length} addresses`)
  for (const address of addresses) {
    check(address.length <= ADDRESS_CHARS_MAX && MULTIADDR.test(address), 'address')
  }
  return addresses
}

/** Printable ASCII without spaces: model ids reach terminals and pages. */
export function checkName(name: string, charsMax: number, what: string): string {
  check(name.length <= charsMax && /^[\x21-\x7e]+$/.test(name), what)
  return name
}

/** The simulated tier does not exist on mainnet, whatever anyone's policy says. */
export function checkTier(tier: Tier, globalId: number): AssuranceTier {
  const known = tierFromWire(tier)
  if (known === undefined) return refuse('malformed', `tier ${tier}`)
  if (known === 'simulated' && globalId === MAINNET_GLOBAL_ID) {
    return refuse('malformed', 'simulated tier on mainnet')
  }
  return known
}

export function checkPrices(prices: Prices | undefined): UnitPrices {
  check(prices !== undefined, 'no prices')
  const { promptNanoPerMtok, cachedNanoPerMtok, completionNanoPerMtok } = prices
  for (const price of [promptNanoPerMtok, cachedNanoPerMtok, completionNanoPerMtok]) {
    check(price <= PRICE_NANO_PER_MTOK_MAX, 'price')
  }
  return { promptNanoPerMtok, cachedNanoPerMtok, completionNanoPerMtok }
}

export function pricesToWire(prices: UnitPrices): Prices {
  return create(PricesSchema, prices)
}

/** A time as a number; 2^53 ms is far beyond any clock. */
export function checkTimeMs(timeMs: bigint, name: string): number {
  check(timeMs <= BigInt(Number.MAX_SAFE_INTEGER), name)
  return Number(timeMs)
}

/** Issued at most 30 s ahead of this clock, expiring later than issued and within the longest life. */
export function checkLife(
  life: { readonly issuedAtMs: number; readonly expiresAtMs: number },
  lifeMsMax: number,
  nowMs: number | undefined,
): void {
  checkNotAhead(life.issuedAtMs, nowMs)
  check(life.expiresAtMs > life.issuedAtMs, 'expires before it is issued')
  if (life.expiresAtMs - life.issuedAtMs > lifeMsMax) {
    refuse('too-long-lived', `${life.expiresAtMs - life.issuedAtMs} ms`)
  }
  checkNotPast(life.expiresAtMs, nowMs)
}

export function checkNotAhead(issuedAtMs: number, nowMs: number | undefined): void {
  if (nowMs !== undefined && issuedAtMs > nowMs + ISSUED_AHEAD_MS_MAX) {
    refuse('future', `issued ${issuedAtMs - nowMs} ms ahead`)
  }
}

export function checkNotPast(endMs: number, nowMs: number | undefined): void {
  if (nowMs !== undefined && endMs <= nowMs) refuse('expired', `${nowMs - endMs} ms ago`)
}

/** The stricter of two values, for each kind of field that a policy is written in. */
import { equal, fromHex, toHex } from '#protocol/bytes.ts'
import { type CanonicalValue, canonicalJson } from './canonical-json.ts'

/** By what an entry decides; by default all of it. */
type Decides<T> = (entry: T) => CanonicalValue

/** Entries that both lists name, as the first one writes them. */
export function meetLists<T extends CanonicalValue>(
  one: readonly T[],
  other: readonly T[],
  decides: Decides<T> = (entry) => entry,
): T[] {
  const named = new Set(other.map((entry) => canonicalJson(decides(entry))))
  return one.filter((entry) => named.has(canonicalJson(decides(entry))))
}

/** Entries that either list names, each once. */
export function joinLists<T extends CanonicalValue>(
  one: readonly T[],
  other: readonly T[],
  decides: Decides<T>,
): T[] {
  const named = new Set(one.map((entry) => canonicalJson(decides(entry))))
  return [...one, ...other.filter((entry) => !named.has(canonicalJson(decides(entry))))]
}

/** `any` leaves it to the other. */
export function meetOpen<T extends CanonicalValue>(
  one: 'any' | readonly T[],
  other: 'any' | readonly T[],
): 'any' | T[] {
  if (one === 'any') return other === 'any' ? 'any' : [...other]
  return other === 'any' ? [...one] : meetLists(one, other)
}

/** The later of two words in an order from the most lenient to the strictest. */
export function meetWords<T extends string>(order: readonly T[], one: T, other: T): T {
  return order.indexOf(one) < order.indexOf(other) ? other : one
}

/** Bits that both masks allow; equally long hexadecimal. */
export function meetMasks(one: string, other: string): string {
  const [left, right] = [fromHex(one), fromHex(other)]
  return equal(left, right) ? one : toHex(left.map((byte, at) => byte & (right[at] ?? 0)))
}

/** The sequence of this provider's offers, in the store, so that it never goes back. */
import type { OfferMarkStore } from '#node/market/offer-publisher.ts'
import type { MetaStore } from '#node/store/peer-store.ts'

const KEY = 'offer-mark'

export function offerMarks(store: MetaStore): OfferMarkStore {
  return {
    load() {
      const [sequence, issuedAtMs] = store.meta(KEY)?.split(' ') ?? []
      if (sequence === undefined || issuedAtMs === undefined) return undefined
      return { sequence: BigInt(sequence), issuedAtMs: Number(issuedAtMs) }
    },
    save({ sequence, issuedAtMs }) {
      store.setMeta(KEY, `${sequence} ${issuedAtMs}`)
    },
  }
}

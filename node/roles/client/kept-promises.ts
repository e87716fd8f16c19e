/** How many tokens each provider delivered and was paid for: the size of the next chunk follows. */
import type { PeerStore } from '#node/store/peer-store.ts'
import { decodeReceiptBody } from '#protocol/receipt.ts'
import type { AppendedReceipt } from './channel-desk.ts'

export class KeptPromises {
  readonly #store: PeerStore

  constructor(store: PeerStore) {
    this.#store = store
  }

  /** Tokens, prompt and completion; 0 for a stranger. */
  units(provider: string): number {
    return Number(this.#store.meta(keyOf(provider)) ?? 0)
  }

  add(provider: string, appended: readonly AppendedReceipt[]): void {
    const units = appended.reduce((sum, { receipt }) => {
      const body = decodeReceiptBody(receipt.body)
      return sum + body.promptTokens + body.completionTokens
    }, this.units(provider))
    this.#store.setMeta(keyOf(provider), `${units}`)
  }
}

function keyOf(provider: string): string {
  return `kept-units:${provider}`
}

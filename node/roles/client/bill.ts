/** What an answer cost over all its attempts, and the reservations that are settled with it. */
import type { Hold } from '#node/spending/ledger.ts'
import type { Spent } from '../client-service.ts'
import type { ClientRequest } from './request.ts'

const NOTHING: Spent = { priceNano: 0n, promptTokens: 0, completionTokens: 0 }

export class Bill {
  readonly #attempts: Promise<Spent>[] = []

  /**
   * Settles an attempt's reservation when nothing more can be owed for it: a cancelled attempt still
   * ends with a receipt for what was generated. `asked` is undefined when nothing was asked.
   */
  settle(hold: Hold, asked: ClientRequest | undefined): void {
    if (asked === undefined) {
      hold.settle(0n)
      return
    }
    const settled = asked.over.then(() => {
      const spent = spentBy(asked)
      hold.settle(spent.priceNano)
      return spent
    })
    this.#attempts.push(settled)
  }

  /** Resolves when every attempt is over. */
  async total(): Promise<Spent> {
    const attempts = await Promise.all(this.#attempts)
    return attempts.reduce(
      (sum, one) => ({
        priceNano: sum.priceNano + one.priceNano,
        promptTokens: sum.promptTokens + one.promptTokens,
        completionTokens: sum.completionTokens + one.completionTokens,
      }),
      NOTHING,
    )
  }
}

/** By the last good receipt: the final one, or the checkpoint that becomes the leaf. */
function spentBy({ latest }: ClientRequest): Spent {
  if (latest === undefined) return NOTHING
  const { usedNano, promptTokens, completionTokens } = latest.body
  return { priceNano: usedNano, promptTokens, completionTokens }
}

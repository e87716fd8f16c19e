/**
 * A wallet's ways to the chain. One is chosen for a whole operation: what an account holds and what became of a
 * message are only sound together when the same endpoint said both. A signed message may be handed in anywhere.
 */
import type { TonClient } from '@ton/ton'
import { z } from 'zod'
import { CocoonError } from '#protocol/errors.ts'
import {
  type ChainAccess,
  callChain,
  createTonClient,
  reach,
  unreachable,
} from '../chain/access.ts'
import { Arrivals, type ArrivalsComponents } from './arrivals.ts'

export interface LinesComponents extends Omit<ArrivalsComponents, 'client'> {
  readonly access: ChainAccess
  readonly others?: readonly ChainAccess[] | undefined
}

export interface Line {
  readonly access: ChainAccess
  readonly client: TonClient
  readonly arrivals: Arrivals
}

export class Lines {
  readonly #lines: readonly Line[]
  #at = 0

  /** @throws RangeError for endpoints of different networks */
  constructor({ access, others = [], sleep, pollsMax }: LinesComponents) {
    if (others.some(({ globalId }) => globalId !== access.globalId)) {
      throw new RangeError('endpoints of different networks')
    }
    this.#lines = [access, ...others].map((one) => {
      const client = createTonClient(one)
      return { access: one, client, arrivals: new Arrivals({ client, sleep, pollsMax }) }
    })
  }

  get current(): Line {
    return this.#lines[this.#at]!
  }

  /** The first that answers, starting with the one that answered last. @throws UnavailableError CHAIN_UNREACHABLE */
  async choose(): Promise<void> {
    // Nothing to choose: the operation itself finds out.
    if (this.#lines.length === 1) return
    const { at } = await this.#try(({ client }) => reach(() => client.getMasterchainInfo()))
    this.#at = at
  }

  /** A read by itself, from any of them. @throws UnavailableError CHAIN_UNREACHABLE */
  async any<T>(read: (line: Line) => Promise<T>): Promise<T> {
    return (await this.#try((line) => reach(() => read(line)))).result
  }

  /**
   * False: refused, and certainly so. When an endpoint failed in the middle it may have passed the message on, and the
   * next one then refuses it because it was executed: that is not known to be a refusal, so the answer is true and
   * the transaction must be looked for.
   * @throws UnavailableError CHAIN_UNREACHABLE: no endpoint took it, and one may have
   */
  async handIn(boc: Uint8Array): Promise<boolean> {
    const params = { boc: Buffer.from(boc).toString('base64') }
    let isUnsure = false
    const { at, result } = await this.#try(
      ({ access }) => callChain(access, 'sendBoc', params, z.unknown()),
      () => {
        isUnsure = true
      },
    )
    // It answers: the rest of this operation waits for what it shows.
    this.#at = at
    return result.ok || isUnsure
  }

  async #try<T>(
    work: (line: Line) => Promise<T>,
    onFailure?: () => void,
  ): Promise<{ readonly at: number; readonly result: T }> {
    let last: unknown
    const first = this.#at
    for (let step = 0; step < this.#lines.length; step++) {
      const at = (first + step) % this.#lines.length
      try {
        return { at, result: await work(this.#lines[at]!) }
      } catch (error) {
        if (!(error instanceof CocoonError) || error.code !== 'CHAIN_UNREACHABLE') throw error
        last = error
        onFailure?.()
      }
    }
    throw last ?? unreachable('no endpoint')
  }
}

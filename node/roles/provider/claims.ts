/**
 * Claims what vouchers cover: when a client starts to close a channel, when much is unclaimed and at
 * shutdown. Looking is safety-critical: after the close delay it is too late.
 */
import { Mutex, sleep } from '#node/async.ts'
import type { Clock } from '#protocol/clock.ts'
import type { ChainReader, Wallet } from '#settlement/types.ts'
import { claimMessage } from '#settlement/wallet/messages.ts'
import { CLAIM_UNCLAIMED_NANO, CLAIM_WATCH_MS_MAX, CLAIM_WATCHES_PER_DELAY } from '../constants.ts'
import type { EmitEvent } from '../events.ts'
import type { ProviderDesk } from './channel-desk.ts'

export interface ClaimsComponents {
  readonly clock: Clock
  readonly chain: ChainReader
  readonly wallet: Wallet
  readonly emit: EmitEvent
  readonly desks: () => readonly ProviderDesk[]
  /** Shortest close delay that this provider accepts, seconds. */
  readonly closeDelayMin: number
  readonly onError: (error: unknown) => void
}

export class Claims {
  readonly #parts: ClaimsComponents
  readonly #stopped = new AbortController()
  readonly #order = new Mutex()
  #watching: Promise<void> = Promise.resolve()

  constructor(parts: ClaimsComponents) {
    this.#parts = parts
  }

  /** Begins to watch: several looks fit into the shortest close delay. */
  start(): void {
    const { closeDelayMin } = this.#parts
    const pauseMs = Math.min(CLAIM_WATCH_MS_MAX, (closeDelayMin * 1000) / CLAIM_WATCHES_PER_DELAY)
    this.#watching = this.#watch(pauseMs)
  }

  /** Claims all that is unclaimed, then ends. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#watching
    for (const desk of this.#parts.desks()) await this.#guarded(() => this.#claim(desk))
  }

  /**
   * Shows the best voucher to the contract, when it covers more than the chain has.
   * @throws UnavailableError CHAIN_UNREACHABLE
   * @throws SettlementError TRANSACTION_FAILED
   */
  #claim(desk: ProviderDesk): Promise<void> {
    return this.#order.run(() => this.#claimNow(desk, 0n))
  }

  async #watch(pauseMs: number): Promise<void> {
    for (;;) {
      try {
        await sleep(pauseMs, this.#stopped.signal)
      } catch {
        return
      }
      for (const desk of this.#parts.desks()) {
        if (this.#stopped.signal.aborted) return
        await this.#guarded(() => this.#order.run(() => this.#look(desk)))
      }
    }
  }

  async #look(desk: ProviderDesk): Promise<void> {
    const { status, best, claimedNano } = desk.state
    if (status === 'closed' || best.amountNano <= claimedNano) return
    await this.#claimNow(desk, CLAIM_UNCLAIMED_NANO)
  }

  /** Below `unclaimedMinNano` an open channel is left alone: a claim costs more than it is worth. */
  async #claimNow(desk: ProviderDesk, unclaimedMinNano: bigint): Promise<void> {
    const { chain, clock, wallet, emit } = this.#parts
    const seen = await chain.channel(desk.state.address)
    desk.observe(seen)
    const { best, terms } = desk.state
    if (seen === undefined || seen.closed || best.signed === undefined) return
    const isCovered = best.amountNano <= seen.claimedNano && best.leafCount <= seen.leafCount
    // Past its life anyone may finish the channel, without a start_close to see before.
    const nowS = Math.floor(clock.nowMs() / 1000)
    const isEnding = seen.closeAt !== 0 || nowS >= terms.expiresAt
    const isSmall = best.amountNano - seen.claimedNano < unclaimedMinNano
    if (isCovered || (isSmall && !isEnding)) return
    await wallet.send([claimMessage(terms, best.signed)])
    desk.observe(await chain.channel(desk.state.address))
    const amountNano = `${desk.state.claimedNano}`
    emit({ kind: 'channel', channel: desk.address, action: 'claimed', amountNano })
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#parts.onError(error)
    }
  }
}

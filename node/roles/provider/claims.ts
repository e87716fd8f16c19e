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
  /** Claim after each answer when so much is unclaimed; undefined: leave it to the watch. */
  readonly claimAboveNano: bigint | undefined
  readonly onError: (error: unknown) => void
}

export class Claims {
  readonly #parts: ClaimsComponents
  readonly #stopped = new AbortController()
  readonly #order = new Mutex()
  readonly #pending = new Set<ProviderDesk>()
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

  /**
   * An answer was settled by a voucher. Where claims are cheap (testnets) its root goes on the chain at
   * once; anywhere else nothing happens before much is unclaimed.
   */
  settled(desk: ProviderDesk): void {
    const { claimAboveNano } = this.#parts
    if (claimAboveNano === undefined || this.#stopped.signal.aborted) return
    if (this.#pending.has(desk)) return
    this.#pending.add(desk)
    void this.#guarded(() =>
      this.#order.run(() => {
        this.#pending.delete(desk)
        return this.#claimNow(desk, claimAboveNano)
      }),
    )
  }

  /** Resolves when no claim of this provider is on its way; the desk then knows the chain. */
  idle(desk: ProviderDesk): Promise<void> {
    return this.#order.run(async () => {
      desk.observe(await this.#parts.chain.channel(desk.state.address))
    })
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
    // A claim now would take credit that a signed CloseAuth gives back, and make it void.
    if (seen.closeAt === 0 && nowS <= desk.closeAuthUntilS) return
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

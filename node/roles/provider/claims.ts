/**
 * Claims what vouchers cover: when a client starts to close a channel, when much is unclaimed and at
 * shutdown. Looking is safety-critical: after the close delay it is too late. Claims of many channels
 * go in one wallet message; one that fails does not spoil the others.
 */
import { Mutex, sleep } from '#node/async.ts'
import type { Clock } from '#protocol/clock.ts'
import { SettlementError } from '#protocol/errors.ts'
import { CALL_ATTACHED_NANO, WALLET_MESSAGES_MAX } from '#settlement/constants.ts'
import type { ChainReader, Wallet, WalletMessage } from '#settlement/types.ts'
import { claimMessage } from '#settlement/wallet/messages.ts'
import {
  CLAIM_BALANCE_SHARE,
  CLAIM_UNCLAIMED_NANO,
  CLAIM_WATCH_MS_MAX,
  CLAIM_WATCHES_PER_DELAY,
} from '../constants.ts'
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
    await this.#order.run(() => this.#claimAll(this.#parts.desks(), 0n))
  }

  /**
   * An answer was settled by a voucher. Where claims are cheap (testnets) its root goes on the chain at
   * once; anywhere else nothing happens before much is unclaimed.
   */
  settled(desk: ProviderDesk): void {
    const { claimAboveNano } = this.#parts
    if (claimAboveNano === undefined || this.#stopped.signal.aborted) return
    const isFirst = this.#pending.size === 0
    this.#pending.add(desk)
    if (!isFirst) return
    // Whatever is settled until its turn comes goes along.
    void this.#order.run(() => {
      const desks = [...this.#pending]
      this.#pending.clear()
      return this.#claimAll(desks, claimAboveNano)
    })
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
      const desks = this.#parts.desks().filter(hasUnclaimed)
      await this.#order.run(() => this.#claimAll(desks, CLAIM_UNCLAIMED_NANO))
    }
  }

  /** Below `unclaimedMinNano` an open channel is left alone: a claim costs more than it is worth. */
  async #claimAll(desks: readonly ProviderDesk[], unclaimedMinNano: bigint): Promise<void> {
    const due: Due[] = []
    for (const desk of desks) {
      await this.#guarded(async () => {
        const message = await this.#messageOf(desk, unclaimedMinNano)
        if (message !== undefined) due.push({ desk, message })
      })
    }
    while (due.length > 0) {
      const size = await this.#batchSize(due.length)
      await this.#guarded(() => this.#send(due.splice(0, size)))
    }
  }

  /** Shows the best voucher to the contract; undefined when there is nothing to gain by it. */
  async #messageOf(desk: ProviderDesk, minNano: bigint): Promise<WalletMessage | undefined> {
    const { chain, clock } = this.#parts
    const seen = await chain.channel(desk.state.address)
    desk.observe(seen)
    const { best, terms } = desk.state
    if (seen === undefined || seen.closed || best.signed === undefined) return undefined
    const isCovered = best.amountNano <= seen.claimedNano && best.leafCount <= seen.leafCount
    // Past its life anyone may finish the channel, without a start_close to see before.
    const nowS = Math.floor(clock.nowMs() / 1000)
    const isEnding = seen.closeAt !== 0 || nowS >= terms.expiresAt
    // A claim now would take credit that a signed CloseAuth gives back, and make it void.
    if (seen.closeAt === 0 && nowS <= desk.closeAuthUntilS) return undefined
    const isSmall = best.amountNano - seen.claimedNano < minNano
    if (isCovered || (isSmall && !isEnding)) return undefined
    return claimMessage(terms, best.signed)
  }

  /** Every claim carries coins for its fees, which come back: the wallet must hold them at once. */
  async #batchSize(wanted: number): Promise<number> {
    const most = Math.min(wanted, WALLET_MESSAGES_MAX)
    if (most === 1) return 1
    try {
      const balanceNano = await this.#parts.wallet.balance()
      const carried = (balanceNano * CLAIM_BALANCE_SHARE.used) / CLAIM_BALANCE_SHARE.whole
      const affordable = carried / CALL_ATTACHED_NANO
      return affordable < 1n ? 1 : affordable < BigInt(most) ? Number(affordable) : most
    } catch {
      // Whether the chain answers is found out, and reported, by sending.
      return most
    }
  }

  /**
   * @throws UnavailableError CHAIN_UNREACHABLE
   * @throws SettlementError WALLET_BALANCE, TRANSACTION_FAILED when the wallet itself refused
   */
  async #send(batch: readonly Due[]): Promise<void> {
    const { chain, wallet, emit, onError } = this.#parts
    const { outcomes } = await wallet.sendEach(batch.map(({ message }) => message))
    for (const [at, { desk }] of batch.entries()) {
      const outcome = outcomes[at]
      if (outcome?.status !== 'executed') {
        onError(claimFailed(desk, outcome?.exitCode))
        continue
      }
      await this.#guarded(async () => desk.observe(await chain.channel(desk.state.address)))
      const amountNano = `${desk.state.claimedNano}`
      emit({ kind: 'channel', channel: desk.address, action: 'claimed', amountNano })
    }
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#parts.onError(error)
    }
  }
}

interface Due {
  readonly desk: ProviderDesk
  readonly message: WalletMessage
}

function hasUnclaimed({ state }: ProviderDesk): boolean {
  return state.status !== 'closed' && state.best.amountNano > state.claimedNano
}

function claimFailed({ address }: ProviderDesk, exitCode: number | undefined): SettlementError {
  return new SettlementError('CLAIM_FAILED', 'the contract refused a claim of its batch', {
    remedy: 'Look up the exit code in docs/spec/settlement.md; it is tried again.',
    data: { channel: address, ...(exitCode === undefined ? {} : { exitCode }) },
  })
}

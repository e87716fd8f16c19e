/** Channels to providers: found in the store, opened and topped up with coins of the wallet. */
import { Address } from '@ton/core'
import type { StatementCore } from '#attestation/statement.ts'
import { Mutex } from '#node/async.ts'
import { equal, toHex } from '#protocol/bytes.ts'
import type { Clock } from '#protocol/clock.ts'
import { SettlementError, UnavailableError } from '#protocol/errors.ts'
import { requireOpen } from '#settlement/channel/refusals.ts'
import { neededNano } from '#settlement/channel/state.ts'
import type { ChainReader, Wallet } from '#settlement/types.ts'
import { topUpMessage } from '#settlement/wallet/messages.ts'
import { CHANNEL_EXPIRY_MARGIN_S, CHANNEL_LIFE_S } from '../constants.ts'
import type { EmitEvent } from '../events.ts'
import { ClientDesk, type ClientDeskComponents } from './channel-desk.ts'

export interface FundingComponents extends ClientDeskComponents {
  readonly chain: ChainReader
  readonly wallet: Wallet
  readonly clock: Clock
  readonly emit: EmitEvent
  readonly depositNano: bigint
  /** Seconds, from the network file. */
  readonly closeDelay: number
}

export class Funding {
  readonly #parts: FundingComponents
  readonly #desks: ClientDesk[]
  readonly #order = new Mutex()
  /** What running requests may still cost at most, by channel. */
  readonly #reserved = new Map<string, bigint>()

  constructor(parts: FundingComponents) {
    this.#parts = parts
    this.#desks = ClientDesk.loadAll(parts)
  }

  get desks(): readonly ClientDesk[] {
    return this.#desks
  }

  /**
   * An open channel with the provider of a statement that was found good. The first use deploys it.
   * @throws SettlementError TRANSACTION_FAILED, WALLET_BALANCE, CHANNEL_NOT_FUNDED, PROVIDER_DISPUTED
   * @throws UnavailableError CHAIN_UNREACHABLE
   */
  channelFor(core: StatementCore): Promise<ClientDesk> {
    return this.#order.run(async () => {
      this.#refuseDisputed(core)
      const desk = (await this.#openOnChain(core)) ?? this.#create(core)
      if (desk.state.status === 'opening') await this.#topUp(desk, this.#parts.depositNano, true)
      if (desk.state.status === 'open') return desk
      throw new SettlementError('CHANNEL_NOT_FUNDED', `the channel is ${desk.state.status}`, {
        remedy: 'Ask again: another channel is opened.',
      })
    })
  }

  /**
   * Sets a part of the deposit aside for one request, and raises the deposit when what others have
   * set aside leaves too little. Call the returned function when the request is over.
   */
  reserve(desk: ClientDesk, costNano: bigint): Promise<() => void> {
    return this.#order.run(async () => {
      // A top-up that was not seen in time may be there by now: look before paying again.
      if (this.#shortOf(desk, costNano) > 0n) await this.#refresh(desk)
      const shortNano = this.#shortOf(desk, costNano)
      const { depositNano } = this.#parts
      if (shortNano > 0n) {
        await this.#topUp(desk, shortNano > depositNano ? shortNano : depositNano, false)
      }
      this.#reserved.set(desk.address, this.#reservedOf(desk) + costNano)
      return () => this.#reserved.set(desk.address, this.#reservedOf(desk) - costNano)
    })
  }

  /**
   * Raises the deposit of an open channel.
   * @throws SettlementError CHANNEL_NOT_OPEN, TRANSACTION_FAILED, WALLET_BALANCE
   * @throws UnavailableError CHAIN_UNREACHABLE
   */
  topUp(desk: ClientDesk, amountNano: bigint): Promise<void> {
    return this.#order.run(async () => {
      await this.#refresh(desk)
      requireOpen(desk.state, Math.floor(this.#parts.clock.nowMs() / 1000))
      await this.#topUp(desk, amountNano, false)
    })
  }

  #shortOf(desk: ClientDesk, costNano: bigint): bigint {
    const promisedNano = neededNano(desk.state) + this.#reservedOf(desk)
    return promisedNano + costNano - desk.state.depositedNano
  }

  #reservedOf(desk: ClientDesk): bigint {
    return this.#reserved.get(desk.address) ?? 0n
  }

  /** Remembers whose channel it is, for lists and for closing it later. */
  nameProvider(desk: ClientDesk, provider: string): void {
    this.#parts.store.setMeta(providerKey(desk), provider)
  }

  /** Hexadecimal identity key of the channel's provider. */
  providerOf(desk: ClientDesk): string | undefined {
    return this.#parts.store.meta(providerKey(desk))
  }

  /** Whoever billed wrongly once gets no second deposit to hold. */
  #refuseDisputed(core: StatementCore): void {
    const isDisputed = this.#desks.some(
      ({ state }) =>
        state.status === 'frozen' && equal(state.terms.providerKey, core.settlementKey),
    )
    if (!isDisputed) return
    throw new SettlementError('PROVIDER_DISPUTED', 'a channel with this provider is in dispute', {
      remedy: 'Settle it first; `cocoon channels list` shows it.',
    })
  }

  /** One that the chain, too, calls usable: a close may have gone through unseen. */
  async #openOnChain(core: StatementCore): Promise<ClientDesk | undefined> {
    for (;;) {
      const desk = this.#usable(core)
      if (desk === undefined) return undefined
      await this.#refresh(desk)
      if (desk.state.status === 'open' || desk.state.status === 'opening') return desk
    }
  }

  #usable(core: StatementCore): ClientDesk | undefined {
    const settlementKey = toHex(core.settlementKey)
    const nowS = Math.floor(this.#parts.clock.nowMs() / 1000)
    return this.#desks.find(({ state }) => {
      const { terms, status } = state
      return (
        (status === 'open' || status === 'opening') &&
        toHex(terms.providerKey) === settlementKey &&
        terms.provider.toRawString() === core.payoutAddress &&
        terms.expiresAt > nowS + CHANNEL_EXPIRY_MARGIN_S
      )
    })
  }

  #create(core: StatementCore): ClientDesk {
    const { chain, wallet, clock, closeDelay } = this.#parts
    const desk = ClientDesk.create(this.#parts, {
      globalId: chain.globalId,
      client: wallet.address,
      provider: Address.parseRaw(core.payoutAddress),
      providerKey: core.settlementKey,
      closeDelay,
      expiresAt: Math.floor(clock.nowMs() / 1000) + CHANNEL_LIFE_S,
    })
    this.#desks.push(desk)
    return desk
  }

  async #topUp(desk: ClientDesk, amountNano: bigint, isNew: boolean): Promise<void> {
    const { wallet, emit } = this.#parts
    await wallet.send([topUpMessage(desk.state.terms, amountNano, isNew)])
    await this.#refresh(desk)
    if (desk.state.depositedNano === 0n) {
      throw new UnavailableError('CHANNEL_NOT_SEEN', 'the chain does not show the new channel yet')
    }
    const action = isNew ? 'opened' : 'topped-up'
    emit({ kind: 'channel', channel: desk.address, action, amountNano: `${amountNano}` })
  }

  /** Looks at every channel that is not closed. @throws UnavailableError CHAIN_UNREACHABLE */
  async refreshAll(): Promise<void> {
    const live = this.#desks.filter((desk) => desk.state.status !== 'closed')
    await Promise.all(live.map((desk) => this.#refresh(desk)))
  }

  async #refresh(desk: ClientDesk): Promise<void> {
    desk.observe(await this.#parts.chain.channel(desk.state.address))
  }
}

function providerKey(desk: ClientDesk): string {
  return `channel-provider:${desk.address}`
}

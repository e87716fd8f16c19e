/** The provider's channels: found by their terms, checked on the chain, opened once a session. */
import type { Address } from '@ton/core'
import type { PeerStore } from '#node/store/peer-store.ts'
import { takeRestored } from '#node/store/restored.ts'
import { equal } from '#protocol/bytes.ts'
import type { Clock } from '#protocol/clock.ts'
import type { CryptoPort, Ed25519KeyPair } from '#protocol/crypto/port.ts'
import { ProtocolError, SettlementError, UnavailableError } from '#protocol/errors.ts'
import type { SessionOpen } from '#protocol/session/client-content.ts'
import { channelAddress, checkTerms, parseTerms } from '#settlement/cells.ts'
import { decodeChannelState } from '#settlement/channel/codec.ts'
import { newChannel } from '#settlement/channel/state.ts'
import type { ChainReader, ChannelTerms } from '#settlement/types.ts'
import { CHANNEL_EXPIRY_MARGIN_S, RESTORE_PAUSE_MS } from '../constants.ts'
import { closeAuthKey, ProviderDesk } from './channel-desk.ts'

export interface ProviderChannelsComponents {
  readonly crypto: CryptoPort
  readonly clock: Clock
  readonly store: PeerStore
  readonly chain: ChainReader
  readonly settlementKey: Ed25519KeyPair
  readonly payoutAddress: Address
  /** Shortest close delay that this provider accepts, seconds. */
  readonly closeDelayMin: number
}

export class ProviderChannels {
  readonly #parts: ProviderChannelsComponents
  readonly #desks = new Map<string, ProviderDesk>()

  constructor(parts: ProviderChannelsComponents) {
    this.#parts = parts
    this.#pauseRestored()
    for (const row of parts.store.loadChannels('provider')) {
      const state = decodeChannelState(JSON.parse(row.stateJson))
      this.#desks.set(row.address, new ProviderDesk(parts, state))
    }
  }

  all(): readonly ProviderDesk[] {
    return [...this.#desks.values()]
  }

  /**
   * The desk of the channel that a SessionOpen names. `transcript` makes the bytes that the session
   * key must have signed: before that verifies, nothing is looked up, shown or changed.
   * @throws ProtocolError TRANSCRIPT_INVALID
   * @throws SettlementError TERMS_INVALID, TERMS_REFUSED, CHANNEL_NOT_FUNDED
   * @throws UnavailableError CHAIN_UNREACHABLE, CHANNEL_PAUSED
   */
  async authenticate(
    open: SessionOpen,
    transcript: (channel: string) => Uint8Array,
  ): Promise<ProviderDesk> {
    const { crypto, chain } = this.#parts
    const terms = parseTerms(open.termsBoc)
    const address = channelAddress(terms)
    const name = address.toRawString()
    const isSigned = crypto.ed25519Verify(
      terms.clientKey,
      transcript(name),
      open.transcriptSignature,
    )
    if (name !== open.channel || !isSigned) {
      throw new ProtocolError('TRANSCRIPT_INVALID', 'the session key did not sign this session')
    }
    this.#checkOwnTerms(terms)
    this.#checkPause(name)
    const seen = await chain.channel(address)
    // From here to the entry nothing else runs: a channel has one desk.
    const known = this.#desks.get(name)
    // A stranger's channel is not written to the disk before there is money in it.
    if (known === undefined && (seen === undefined || seen.depositedNano === 0n)) throw unfunded()
    const desk = known ?? new ProviderDesk(this.#parts, newChannel('provider', terms))
    this.#desks.set(name, desk)
    desk.observe(seen)
    if (desk.state.status === 'opening') throw unfunded()
    return desk
  }

  /** Reads the deposit again, for a voucher above the one known. */
  async refresh(desk: ProviderDesk): Promise<void> {
    desk.observe(await this.#parts.chain.channel(desk.state.address))
  }

  /**
   * A store from a backup has forgotten its newest close authorisations: until the last one of them has
   * ended, a voucher could be worth less than it says.
   */
  #pauseRestored(): void {
    const { store, clock } = this.#parts
    takeRestored(store, () => {
      const untilMs = clock.nowMs() + RESTORE_PAUSE_MS
      for (const { address } of store.loadChannels('provider')) {
        store.setMeta(pauseKey(address), `${untilMs}`)
        // Nor does it claim what a forgotten authorisation gives back.
        store.setMeta(closeAuthKey(address), `${Math.ceil(untilMs / 1000)}`)
      }
    })
  }

  #checkPause(address: string): void {
    const { store, clock } = this.#parts
    let leftMs = Number(store.meta(pauseKey(address)) ?? 0) - clock.nowMs()
    if (leftMs <= 0) return
    if (leftMs > RESTORE_PAUSE_MS) {
      // The clock was set back: the pause begins anew instead of lasting for ever.
      leftMs = RESTORE_PAUSE_MS
      store.setMeta(pauseKey(address), `${clock.nowMs() + leftMs}`)
    }
    throw new UnavailableError('CHANNEL_PAUSED', 'the provider came back from a backup', {
      remedy: `Use another provider, or try again in ${Math.ceil(leftMs / 60_000)} minutes.`,
      data: { leftMs },
    })
  }

  #checkOwnTerms(terms: ChannelTerms): void {
    const { clock, chain, settlementKey, payoutAddress, closeDelayMin } = this.#parts
    const nowS = Math.floor(clock.nowMs() / 1000)
    checkTerms(terms, chain.globalId, nowS)
    const refusal = !equal(terms.providerKey, settlementKey.publicKey)
      ? 'another settlement key'
      : !terms.provider.equals(payoutAddress)
        ? 'another payout address'
        : terms.closeDelay < closeDelayMin
          ? 'the close delay is too short'
          : terms.expiresAt < nowS + CHANNEL_EXPIRY_MARGIN_S
            ? 'the channel expires too soon'
            : undefined
    if (refusal === undefined) return
    throw new SettlementError('TERMS_REFUSED', `the channel's terms are refused: ${refusal}`, {
      remedy: 'Open a channel with the terms that the statement names.',
    })
  }
}

function pauseKey(address: string): string {
  return `vouchers-paused-until:${address}`
}

function unfunded(): SettlementError {
  return new SettlementError('CHANNEL_NOT_FUNDED', 'the channel is not on the chain yet', {
    remedy: 'Deposit first, then open the session again.',
  })
}

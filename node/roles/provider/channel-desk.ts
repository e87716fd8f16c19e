/**
 * One channel on the provider's side: the pure state machine of settlement/ with the store behind
 * it. Every method is synchronous and durable when it returns: what follows may go on the wire.
 */
import type { PeerStore } from '#node/store/peer-store.ts'
import type { Clock } from '#protocol/clock.ts'
import { LEAVES_MESSAGE_MAX } from '#protocol/constants.ts'
import type { CryptoPort, Ed25519KeyPair } from '#protocol/crypto/port.ts'
import { SettlementError } from '#protocol/errors.ts'
import type { SignedReceipt } from '#protocol/receipt.ts'
import type { SessionOpen } from '#protocol/session/client-content.ts'
import { encodeChannelState } from '#settlement/channel/codec.ts'
import { type ProviderView, providerMeet, providerView } from '#settlement/channel/meeting.ts'
import {
  providerAcceptVoucher,
  providerAllocate,
  providerAsk,
  providerBeginClose,
  providerCheckpoint,
  providerLeaf,
  signCloseAuth,
} from '#settlement/channel/provider.ts'
import {
  type ChannelState,
  type Dispute,
  freeze,
  type Leaf,
  observeChain,
  usedTotalNano,
} from '#settlement/channel/state.ts'
import type { ChannelOnChain, SignedBytes } from '#settlement/types.ts'
import { CHECKPOINTS_BEHIND_MAX, FORGOTTEN_MEETINGS_MAX } from '../constants.ts'
import { leafOf, receiptFromBytes, receiptToBytes } from '../shared/receipt-bytes.ts'

export interface ProviderDeskComponents {
  readonly crypto: CryptoPort
  readonly clock: Clock
  readonly store: PeerStore
  readonly settlementKey: Ed25519KeyPair
}

/** Signs with the sum over the other requests of the channel of their latest signed `used`. */
export type SignReceipt = (usedElsewhereNano: bigint) => SignedReceipt

export class ProviderDesk {
  readonly #parts: ProviderDeskComponents
  #state: ChannelState

  constructor(parts: ProviderDeskComponents, state: ChannelState) {
    this.#parts = parts
    this.#state = state
  }

  get state(): ChannelState {
    return this.#state
  }

  get address(): string {
    return this.#state.address.toRawString()
  }

  /**
   * Runs one step of this desk in the commit that all channels share, and resolves when it is on the disk.
   * @throws what the step throws
   */
  durably<T>(step: () => T): Promise<T> {
    return this.#parts.store.group(step)
  }

  /** Takes in what the chain says of this channel. */
  observe(seen: ChannelOnChain | undefined): void {
    this.#save(observeChain(this.#state, seen))
  }

  /**
   * Meeting again: running requests end with the client's last checkpoint, and both sides agree on
   * voucher and tree.
   * @throws SettlementError CHANNEL_DISPUTED: the channel is frozen
   */
  meet(open: SessionOpen): ProviderView & { readonly missing: readonly SignedReceipt[] } {
    const { crypto, store } = this.#parts
    this.#checkMissing(open.leafCount)
    this.#checkForgotten(open)
    const view = {
      best: open.bestVoucher,
      leafCount: open.leafCount,
      peaks: open.peaks,
      // A request that ended here after the client was gone has its leaf: the client takes that one.
      openCheckpoints: open.openCheckpoints
        .filter((receipt) => this.isRunning(leafOf(receipt).requestId))
        .map((receipt) => this.#ownCheckpoint(receipt)),
    }
    const met = providerMeet(
      crypto,
      this.#state,
      view,
      (requestId) => this.#firstCheckpoint(requestId),
      this.#nowS(),
    )
    this.#save(met.state, () => {
      for (const leaf of met.appended) this.#storeLeaf(leaf)
    })
    if (met.dispute !== undefined) throw disputed(met.dispute)
    const missing = store
      .leaves(this.address, open.leafCount)
      .map((row) => receiptFromBytes(row.receipt))
    return { ...providerView(this.#state, missing.map(leafOf)), missing }
  }

  /** Whether a request that still runs would get more by this allocation. */
  isRaise(requestId: string, allocatedNano: bigint): boolean {
    const request = this.#state.requests.find((one) => one.requestId === requestId && !one.ended)
    return request !== undefined && allocatedNano > request.allocatedNano
  }

  /** Whether the request may still use what is allocated to it. */
  isRunning(requestId: string): boolean {
    return this.#state.requests.some((one) => one.requestId === requestId && !one.ended)
  }

  /** Opens a request. It is on disk only with its first checkpoint, before anything is sent. */
  ask(requestId: string): { leafIndex: number } {
    const { state, leafIndex } = providerAsk(this.#state, requestId, this.#nowS())
    this.#state = state
    return { leafIndex }
  }

  /** @throws SettlementError VOUCHER_* */
  acceptVoucher(voucher: SignedBytes): void {
    this.#save(providerAcceptVoucher(this.#parts.crypto, this.#state, voucher, this.#nowS()))
  }

  /** @throws SettlementError CREDIT_EXCEEDED */
  allocate(requestId: string, allocatedNano: bigint): void {
    this.#save(providerAllocate(this.#state, { requestId, allocatedNano }, this.#nowS()))
  }

  checkpoint(requestId: string, sign: SignReceipt): SignedReceipt {
    const receipt = sign(this.#usedElsewhere(requestId))
    const { crypto: _, store } = this.#parts
    const ordinal = store.checkpoints(this.address, requestId).length
    this.#save(providerCheckpoint(this.#state, leafOf(receipt)), () => {
      store.addCheckpoint({
        channel: this.address,
        requestId,
        ordinal,
        receipt: receiptToBytes(receipt),
      })
    })
    return receipt
  }

  /** The final receipt; leaves join the tree in index order. */
  leaf(requestId: string, sign: SignReceipt): SignedReceipt {
    const receipt = sign(this.#usedElsewhere(requestId))
    const { crypto, store } = this.#parts
    const { state, appended } = providerLeaf(crypto, this.#state, leafOf(receipt))
    this.#save(state, () => {
      // Until its turn comes the final receipt waits as the newest checkpoint.
      const ordinal = store.checkpoints(this.address, requestId).length
      store.addCheckpoint({
        channel: this.address,
        requestId,
        ordinal,
        receipt: receiptToBytes(receipt),
      })
      for (const leaf of appended) this.#storeLeaf(leaf)
    })
    return receipt
  }

  /** Nothing is signed or taken on this channel from here on; it is claimed at its last voucher. */
  freeze(dispute: Dispute): void {
    this.#save(freeze(this.#state, dispute))
  }

  /** Records "closing" durably, then signs. @throws ProtocolError REQUESTS_OPEN */
  close(): SignedBytes {
    const { state, authorisation } = providerBeginClose(this.#state, this.#nowS())
    this.#save(state, () => {
      this.#parts.store.setMeta(this.#closeAuthKey, `${authorisation.validUntil}`)
    })
    return signCloseAuth(this.#parts.crypto, this.#parts.settlementKey, authorisation)
  }

  /** Unix seconds until which a signed CloseAuth may reach the chain; 0: none was signed. */
  get closeAuthUntilS(): number {
    return Number(this.#parts.store.meta(this.#closeAuthKey) ?? 0)
  }

  get #closeAuthKey(): string {
    return closeAuthKey(this.address)
  }

  #usedElsewhere(requestId: string): bigint {
    const own = this.#state.requests.find((one) => one.requestId === requestId)
    return usedTotalNano(this.#state) - (own?.usedNano ?? 0n)
  }

  /** A checkpoint that this provider signed and stored; anything else is refused. */
  #ownCheckpoint(receipt: SignedReceipt): Leaf {
    const leaf = leafOf(receipt)
    const bytes = Buffer.from(receiptToBytes(receipt))
    const known = this.#parts.store
      .checkpoints(this.address, leaf.requestId)
      .some((row) => bytes.equals(row.receipt))
    if (!known) throw disputed('checkpoint')
    return leaf
  }

  /** A client restored from a very old backup closes the channel instead of reading it all again. */
  #checkMissing(leafCount: number): void {
    const missing = this.#parts.store.leafCount(this.address) - leafCount
    if (missing <= LEAVES_MESSAGE_MAX) return
    throw new SettlementError('CHANNEL_TOO_FAR_BEHIND', `${missing} receipts were missed`, {
      remedy: 'Close this channel; the next one begins anew.',
      data: { missing, missingMax: LEAVES_MESSAGE_MAX },
    })
  }

  /**
   * An honest client holds all but the last checkpoints of a request that broke off. Whoever shows
   * less, or loses some at every meeting, would be served again for the same credit.
   */
  #checkForgotten(open: SessionOpen): void {
    const { store } = this.#parts
    const shown = open.openCheckpoints.map((receipt) => Buffer.from(receiptToBytes(receipt)))
    const behind = this.#state.requests
      .filter((one) => !one.ended)
      .map(({ requestId }) => {
        const rows = store.checkpoints(this.address, requestId)
        const known = rows.findLastIndex((row) => shown.some((one) => one.equals(row.receipt)))
        return rows.length - 1 - Math.max(0, known)
      })
    const most = Math.max(0, ...behind)
    const name = `forgotten-meetings:${this.address}`
    const forgotten = Number(store.meta(name) ?? 0) + (most > 0 ? 1 : 0)
    if (most > 0) store.setMeta(name, `${forgotten}`)
    // A line that breaks now and then is forgiven: the more was settled, the more often.
    const forgivenMax = FORGOTTEN_MEETINGS_MAX + Math.floor(this.#state.tree.count / 16)
    if (most <= CHECKPOINTS_BEHIND_MAX && forgotten <= forgivenMax) return
    this.#save(freeze(this.#state, 'checkpoint'))
    throw disputed('checkpoint')
  }

  /** The receipt with zero counts: the leaf of a request whose client shows no checkpoint. */
  #firstCheckpoint(requestId: string): Leaf {
    const first = this.#parts.store.checkpoints(this.address, requestId)[0]
    if (first === undefined) throw disputed('checkpoint')
    return leafOf(receiptFromBytes(first.receipt))
  }

  #storeLeaf(leaf: Leaf): void {
    const { store } = this.#parts
    const rows = store.checkpoints(this.address, leaf.requestId)
    const row = rows.findLast((one) =>
      Buffer.from(leafOf(receiptFromBytes(one.receipt)).leafData).equals(leaf.leafData),
    )
    if (row === undefined) throw disputed('checkpoint')
    store.appendLeaf(this.address, leaf.leafIndex, row.receipt)
    store.dropCheckpoints(this.address, leaf.requestId)
  }

  #save(state: ChannelState, also: () => void = () => undefined): void {
    const { store, clock } = this.#parts
    store.transaction(() => {
      also()
      store.saveChannel({
        address: state.address.toRawString(),
        role: 'provider',
        stateJson: JSON.stringify(encodeChannelState(state)),
        updatedAtMs: clock.nowMs(),
      })
    })
    this.#state = state
  }

  #nowS(): number {
    return Math.floor(this.#parts.clock.nowMs() / 1000)
  }
}

/** Name of the meta value: Unix seconds until which a close authorisation of the channel may be out. */
export function closeAuthKey(address: string): string {
  return `close-auth-until:${address}`
}

function disputed(dispute: string): SettlementError {
  return new SettlementError(
    'CHANNEL_DISPUTED',
    `the two sides of a channel disagree: ${dispute}`,
    {
      data: { dispute },
    },
  )
}

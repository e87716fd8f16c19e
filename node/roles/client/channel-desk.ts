/**
 * One channel on the client's side: the pure state machine of settlement/ with the store behind it.
 * Synchronous and durable: a voucher that was signed is on the disk before anybody can send it.
 */
import type { PeerStore } from '#node/store/peer-store.ts'
import { fromHex, toHex } from '#protocol/bytes.ts'
import type { Clock } from '#protocol/clock.ts'
import type { CryptoPort, Ed25519KeyPair } from '#protocol/crypto/port.ts'
import { ConfigError, SettlementError } from '#protocol/errors.ts'
import { leafHash, type MerkleProof, proveLeaf } from '#protocol/merkle.ts'
import { decodeReceiptBody, type ReceiptBody, type SignedReceipt } from '#protocol/receipt.ts'
import type { SessionOpen } from '#protocol/session/client-content.ts'
import type { SessionAccept } from '#protocol/session/provider-content.ts'
import { encodeTerms } from '#settlement/cells.ts'
import {
  type ClientContext,
  type Counted,
  clientAllocate,
  clientCheckCloseAuth,
  clientCheckpoint,
  clientFinalVoucher,
  clientForget,
  clientLeaf,
} from '#settlement/channel/client.ts'
import { decodeChannelState, encodeChannelState } from '#settlement/channel/codec.ts'
import { clientMeet, clientView } from '#settlement/channel/meeting.ts'
import {
  beginClosing,
  type ChannelState,
  type Dispute,
  freeze,
  newChannel,
  observeChain,
} from '#settlement/channel/state.ts'
import type { ChannelOnChain, ChannelTerms, SignedBytes } from '#settlement/types.ts'
import { leafOf, receiptFromBytes, receiptToBytes } from '../shared/receipt-bytes.ts'
import { LeafHashes } from './leaf-hashes.ts'

export interface ClientDeskComponents {
  readonly crypto: CryptoPort
  readonly clock: Clock
  readonly store: PeerStore
}

/** A receipt that joined the tree. */
export interface AppendedReceipt {
  readonly leafIndex: number
  readonly receipt: SignedReceipt
}

export class ClientDesk {
  readonly #parts: ClientDeskComponents
  readonly #context: ClientContext
  readonly #leafHashes = new LeafHashes()
  #state: ChannelState

  private constructor(
    parts: ClientDeskComponents,
    sessionKey: Ed25519KeyPair,
    state: ChannelState,
  ) {
    this.#parts = parts
    this.#context = { crypto: parts.crypto, sessionKey }
    this.#state = state
    for (const row of parts.store.leaves(state.address.toRawString())) {
      const leaf = leafOf(receiptFromBytes(row.receipt))
      this.#leafHashes.set(leaf.leafIndex, leafHash(parts.crypto, leaf.leafData))
    }
  }

  /** A new channel; its session key is on the disk before its address is known to anybody. */
  static create(
    parts: ClientDeskComponents,
    terms: Omit<ChannelTerms, 'clientKey' | 'salt'>,
  ): ClientDesk {
    const { crypto, store } = parts
    const sessionKey = crypto.ed25519FromSeed(crypto.randomBytes(32))
    const salt = BigInt(`0x${toHex(crypto.randomBytes(8))}`)
    const state = newChannel('client', { ...terms, clientKey: sessionKey.publicKey, salt })
    const desk = new ClientDesk(parts, sessionKey, state)
    store.transaction(() => {
      store.setMeta(keyName(desk.address), toHex(sessionKey.seed))
      desk.#write(state)
    })
    return desk
  }

  /** @throws ConfigError SESSION_KEY_MISSING, CHANNEL_STATE_INVALID */
  static loadAll(parts: ClientDeskComponents): ClientDesk[] {
    return parts.store.loadChannels('client').map((row) => {
      const seed = parts.store.meta(keyName(row.address))
      if (seed === undefined || !/^[0-9a-f]{64}$/.test(seed)) {
        throw new ConfigError('SESSION_KEY_MISSING', 'a stored channel has lost its session key', {
          remedy: 'Restore the data folder; the wallet can recover the deposit without it.',
        })
      }
      const sessionKey = parts.crypto.ed25519FromSeed(fromHex(seed))
      return new ClientDesk(parts, sessionKey, decodeChannelState(JSON.parse(row.stateJson)))
    })
  }

  get state(): ChannelState {
    return this.#state
  }

  get address(): string {
    return this.#state.address.toRawString()
  }

  get sessionKey(): Ed25519KeyPair {
    return this.#context.sessionKey
  }

  observe(seen: ChannelOnChain | undefined): void {
    this.#save(observeChain(this.#state, seen))
  }

  /** What the first sealed message says of this channel. */
  opening(): Omit<SessionOpen, 'transcriptSignature'> {
    const view = clientView(this.#state)
    return {
      channel: this.address,
      termsBoc: encodeTerms(this.#state.terms),
      bestVoucher: view.best,
      peaks: view.peaks,
      leafCount: view.leafCount,
      openCheckpoints: this.#lastCheckpoints(),
    }
  }

  /**
   * Meeting again: takes the leaves that were missed. The caller has verified their signatures.
   * @throws SettlementError CHANNEL_DISPUTED
   */
  meet(accept: SessionAccept): void {
    const { crypto, store } = this.#parts
    const met = clientMeet(crypto, this.#state, {
      best: accept.bestVoucher,
      leafCount: accept.leafCount,
      peaks: accept.peaks,
      missingLeaves: accept.missingLeaves.map(leafOf),
      usedTotalNano: accept.usedTotalNano,
    })
    this.#counted(met, () => {
      for (const request of this.#state.requests) {
        store.dropCheckpoints(this.address, request.requestId)
      }
      for (const receipt of accept.missingLeaves) this.#storeLeaf(receipt)
    })
  }

  /** @throws SettlementError INSUFFICIENT_DEPOSIT, CHANNEL_NOT_OPEN, CHANNEL_FROZEN */
  allocate(requestId: string, allocatedNano: bigint): SignedBytes | undefined {
    const ask = { requestId, allocatedNano }
    const { state, voucher } = clientAllocate(this.#context, this.#state, ask, this.#nowS())
    this.#save(state)
    return voucher
  }

  /** The newest checkpoint kept of a request that has no final receipt. */
  checkpointOf(requestId: string): ReceiptBody | undefined {
    const row = this.#parts.store.checkpoints(this.address, requestId).at(-1)
    return row === undefined ? undefined : decodeReceiptBody(receiptFromBytes(row.receipt).body)
  }

  /** @throws SettlementError CHANNEL_DISPUTED */
  checkpoint(receipt: SignedReceipt): void {
    const leaf = leafOf(receipt)
    const { store } = this.#parts
    this.#counted(clientCheckpoint(this.#state, leaf), () => {
      store.addCheckpoint({
        channel: this.address,
        requestId: leaf.requestId,
        ordinal: 0,
        receipt: receiptToBytes(receipt),
      })
    })
  }

  /**
   * A final receipt. It joins the tree when all before it have: the receipts that joined now come
   * back, in order.
   * @throws SettlementError CHANNEL_DISPUTED
   */
  leaf(receipt: SignedReceipt): readonly AppendedReceipt[] {
    const { crypto, store } = this.#parts
    const before = this.#state
    const leaf = leafOf(receipt)
    const counted = clientLeaf(crypto, before, leaf)
    const appended: AppendedReceipt[] = []
    this.#counted(counted, () => {
      store.addCheckpoint({
        channel: this.address,
        requestId: leaf.requestId,
        ordinal: 0,
        receipt: receiptToBytes(receipt),
      })
      const waiting = new Set(counted.state.requests.map((one) => one.requestId))
      const joined = before.requests
        .filter((one) => !waiting.has(one.requestId))
        .flatMap((one) => store.checkpoints(this.address, one.requestId).slice(-1))
        .map((row) => receiptFromBytes(row.receipt))
        .map((one) => ({ leafIndex: leafOf(one).leafIndex, receipt: one }))
        .sort((a, b) => a.leafIndex - b.leafIndex)
      for (const one of joined) this.#storeLeaf(one.receipt)
      appended.push(...joined)
    })
    return appended
  }

  /** Settles the last leaf: equal amount, newest root. Undefined: the best voucher has it. */
  finalVoucher(): SignedBytes | undefined {
    const { state, voucher } = clientFinalVoucher(this.#context, this.#state, this.#nowS())
    if (voucher !== undefined) this.#save(state)
    return voucher
  }

  /** A request that the provider refused before its first checkpoint. */
  forget(requestId: string): void {
    const known = this.#state.requests.find((one) => one.requestId === requestId)
    if (known !== undefined && known.leafIndex === undefined) {
      this.#save(clientForget(this.#state, requestId))
    }
  }

  /** The place of a leaf under the root of the best voucher; undefined: not covered yet. */
  proof(leafIndex: number): { proof: MerkleProof; voucher: SignedBytes } | undefined {
    const { signed, leafCount } = this.#state.best
    if (signed === undefined || leafIndex >= leafCount) return undefined
    const hashes = this.#leafHashes.first(leafCount)
    return { proof: proveLeaf(this.#parts.crypto, hashes, leafIndex), voucher: signed }
  }

  /** Signs nothing more: what the provider showed is not what it must be. */
  freeze(dispute: Dispute): void {
    this.#save(freeze(this.#state, dispute))
  }

  beginClosing(): void {
    this.#save(beginClosing(this.#state))
  }

  /** @throws SettlementError CLOSE_AUTH_REFUSED */
  checkCloseAuth(signed: SignedBytes): void {
    clientCheckCloseAuth(this.#parts.crypto, this.#state, signed, this.#nowS())
  }

  /** The newest checkpoint of every request that never got its final receipt. */
  #lastCheckpoints(): SignedReceipt[] {
    const running = this.#state.requests.filter((one) => !one.ended).map((one) => one.requestId)
    return running.flatMap((requestId) =>
      this.#parts.store
        .checkpoints(this.address, requestId)
        .slice(-1)
        .map((row) => receiptFromBytes(row.receipt)),
    )
  }

  #storeLeaf(receipt: SignedReceipt): void {
    const { crypto, store } = this.#parts
    const leaf = leafOf(receipt)
    store.appendLeaf(this.address, leaf.leafIndex, receiptToBytes(receipt))
    store.dropCheckpoints(this.address, leaf.requestId)
    this.#leafHashes.set(leaf.leafIndex, leafHash(crypto, leaf.leafData))
  }

  #counted(counted: Counted, also: () => void): void {
    this.#save(counted.state, counted.dispute === undefined ? also : undefined)
    if (counted.dispute === undefined) return
    throw new SettlementError(
      'CHANNEL_DISPUTED',
      `the two sides of a channel disagree: ${counted.dispute}`,
      { data: { dispute: counted.dispute } },
    )
  }

  #save(state: ChannelState, also: () => void = () => undefined): void {
    this.#parts.store.transaction(() => {
      also()
      this.#write(state)
    })
    this.#state = state
  }

  #write(state: ChannelState): void {
    this.#parts.store.saveChannel({
      address: state.address.toRawString(),
      role: 'client',
      stateJson: JSON.stringify(encodeChannelState(state)),
      updatedAtMs: this.#parts.clock.nowMs(),
    })
  }

  #nowS(): number {
    return Math.floor(this.#parts.clock.nowMs() / 1000)
  }
}

function keyName(channel: string): string {
  return `session-key:${channel}`
}

/**
 * Two honest sides of one channel joined by a line that loses messages, with a chain beside them.
 * Every message goes through the real state machines; the model only moves messages and checks.
 */
import { utf8 } from '#protocol/bytes.ts'
import {
  clientAllocate,
  clientCheckpoint,
  clientFinalVoucher,
  clientLeaf,
  type StatedLeaf,
} from '#settlement/channel/client.ts'
import { decodeChannelState, encodeChannelState } from '#settlement/channel/codec.ts'
import { clientMeet, clientView, providerMeet, providerView } from '#settlement/channel/meeting.ts'
import {
  providerAcceptVoucher,
  providerAllocate,
  providerAsk,
  providerCheckpoint,
  providerLeaf,
} from '#settlement/channel/provider.ts'
import {
  type ChannelState,
  creditNano,
  currentRoot,
  type Leaf,
  newChannel,
  observeChain,
  usedTotalNano,
  usedTotalWith,
} from '#settlement/channel/state.ts'
import { OPEN_REQUESTS_MAX } from '#settlement/constants.ts'
import type { SignedBytes } from '#settlement/types.ts'
import { clientKey, crypto, makeTerms, NOW_S } from './channel-fixture.ts'

type ToProvider =
  | { kind: 'ask'; requestId: string; allocatedNano: bigint; voucher: SignedBytes | undefined }
  | { kind: 'raise'; requestId: string; allocatedNano: bigint; voucher: SignedBytes | undefined }
  | { kind: 'voucher'; voucher: SignedBytes }
type ToClient = { kind: 'checkpoint' | 'leaf'; leaf: StatedLeaf }

const context = { crypto, sessionKey: clientKey }

const unseenLeaf = (requestId: string, leafIndex: number): Leaf => ({
  requestId,
  leafIndex,
  usedNano: 0n,
  leafData: utf8(`unseen ${requestId} ${leafIndex}`),
})

/** A state that went to disk and came back. */
const stored = (state: ChannelState) =>
  decodeChannelState(JSON.parse(JSON.stringify(encodeChannelState(state))))

export class ChannelModel {
  client = newChannel('client', makeTerms())
  provider = newChannel('provider', makeTerms())
  backup = this.client
  depositedNano = 0n
  claimedNano = 0n
  readonly counts = new Map<string, number>()
  /** All leaves that the provider stored, as its database would. */
  readonly leaves: Leaf[] = []
  #highest = this.provider.best
  #toProvider: ToProvider[] = []
  #toClient: ToClient[] = []
  #nextRequest = 1

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1)
  }

  topUp(nano: bigint): void {
    this.depositedNano += nano
    this.#observe()
    this.count('top-up')
  }

  /** Anyone shows the provider's best voucher to the contract. */
  claim(): void {
    const { amountNano } = this.provider.best
    if (amountNano <= this.claimedNano) return
    this.claimedNano = amountNano
    this.#observe()
    this.count('claim')
  }

  #observe(): void {
    const seen = {
      terms: makeTerms(),
      depositedNano: this.depositedNano,
      claimedNano: this.claimedNano,
      closeAt: 0,
      closed: false,
      leafCount: 0,
      receiptsRoot: new Uint8Array(32),
    }
    this.client = observeChain(this.client, seen)
    this.provider = observeChain(this.provider, seen)
  }

  ask(allocatedNano: bigint): void {
    if (this.client.requests.length >= OPEN_REQUESTS_MAX) return
    const requestId = (this.#nextRequest++).toString(16).padStart(32, '0')
    this.#allocate('ask', requestId, allocatedNano)
  }

  raise(pick: number, moreNano: bigint): void {
    const running = this.client.requests.filter((one) => !one.ended)
    const request = running[pick % Math.max(1, running.length)]
    if (request === undefined) return
    this.#allocate('raise', request.requestId, request.allocatedNano + moreNano)
  }

  #allocate(kind: 'ask' | 'raise', requestId: string, allocatedNano: bigint): void {
    if (this.client.status !== 'open') return
    try {
      const result = clientAllocate(context, this.client, { requestId, allocatedNano }, NOW_S)
      this.client = stored(result.state)
      this.#toProvider.push({ kind, requestId, allocatedNano, voucher: result.voucher })
      this.count(kind)
    } catch (thrown) {
      if ((thrown as { code?: string }).code !== 'INSUFFICIENT_DEPOSIT') throw thrown
      this.count('insufficient')
    }
  }

  finalVoucher(): void {
    if (this.client.status !== 'open') return
    const { state, voucher } = clientFinalVoucher(context, this.client, NOW_S)
    this.client = stored(state)
    if (voucher !== undefined) this.#toProvider.push({ kind: 'voucher', voucher })
    this.count('final-voucher')
  }

  deliverToProvider(): void {
    const message = this.#toProvider.shift()
    if (message === undefined) return
    let next = this.provider
    if (message.voucher !== undefined) {
      next = providerAcceptVoucher(crypto, next, message.voucher, NOW_S)
    }
    if (message.kind === 'ask') next = providerAsk(next, message.requestId, NOW_S).state
    const running =
      message.kind !== 'voucher' &&
      next.requests.some((one) => one.requestId === message.requestId && !one.ended)
    if (running) next = providerAllocate(next, message, NOW_S)
    this.provider = stored(next)
    this.count('to-provider')
  }

  deliverToClient(): void {
    const message = this.#toClient.shift()
    if (message === undefined) return
    const { state, dispute } =
      message.kind === 'leaf'
        ? clientLeaf(crypto, this.client, message.leaf)
        : clientCheckpoint(this.client, message.leaf)
    if (dispute !== undefined) throw new Error(`an honest provider was disputed: ${dispute}`)
    this.client = stored(state)
    this.count('to-client')
  }

  /** The provider generates up to a share of what is allocated, then signs a checkpoint or a leaf. */
  serve(pick: number, share: number, final: boolean): void {
    const running = this.provider.requests.filter((one) => !one.ended)
    const request = running[pick % Math.max(1, running.length)]
    if (request === undefined) return
    const room = request.allocatedNano - request.usedNano
    const usedNano = request.usedNano + (room * BigInt(share)) / 100n
    const { requestId } = request
    const leafData = utf8(`${final ? 'leaf' : 'checkpoint'} ${requestId} ${usedNano}`)
    const usedTotal = usedTotalWith(this.provider, requestId, usedNano)
    const body = { requestId, usedNano, leafData }
    if (final) this.#store(providerLeaf(crypto, this.provider, body))
    else this.provider = stored(providerCheckpoint(this.provider, body))
    const leaf = { ...body, leafIndex: request.leafIndex!, usedTotalNano: usedTotal }
    this.#toClient.push({ kind: final ? 'leaf' : 'checkpoint', leaf })
    this.count(final ? 'leaf' : 'checkpoint')
  }

  #store(result: { state: ChannelState; appended: readonly Leaf[] }): void {
    this.provider = stored(result.state)
    this.leaves.push(...result.appended)
  }

  /** The line breaks and both meet; sometimes the answer is lost and they meet once more. */
  meet(answerLost: boolean): void {
    this.#toProvider = []
    this.#toClient = []
    this.count(answerLost ? 'meet-lost' : 'meet')
    const shown = clientView(this.client)
    const meeting = providerMeet(crypto, this.provider, shown, unseenLeaf, NOW_S)
    if (meeting.dispute !== undefined) throw new Error(`provider disputes: ${meeting.dispute}`)
    this.#store(meeting)
    if (answerLost) {
      this.meet(false)
      return
    }
    const answer = providerView(this.provider, this.leaves.slice(shown.leafCount))
    const { state, dispute } = clientMeet(crypto, this.client, answer)
    if (dispute !== undefined) throw new Error(`client disputes: ${dispute}`)
    this.client = stored(state)
    this.#checkAgreement()
  }

  saveBackup(): void {
    this.backup = stored(this.client)
    this.count('backup')
  }

  /** The client's disk is replaced by an old one; it meets before it signs. */
  restoreBackup(): void {
    this.client = this.backup
    this.#observe()
    this.count('restore')
    this.meet(false)
  }

  #checkAgreement(): void {
    const same =
      this.client.tree.count === this.provider.tree.count &&
      Buffer.from(currentRoot(this.client)).equals(currentRoot(this.provider)) &&
      this.client.settledNano === this.provider.settledNano &&
      this.client.best.amountNano === this.provider.best.amountNano &&
      this.client.requests.length === 0 &&
      this.provider.requests.length === 0
    if (!same) throw new Error('the sides differ after they met')
  }

  /** Holds after every step, whatever was lost. */
  check(): void {
    const { client, provider } = this
    const facts: [string, boolean][] = [
      ['the client never owes more than it signed', creditNano(client) >= 0n],
      ['the provider never serves beyond its vouchers', creditNano(provider) >= 0n],
      ['used is at most prepaid', usedTotalNano(provider) <= provider.best.amountNano],
      ['a voucher is covered', client.best.amountNano <= this.depositedNano],
      [
        'the provider holds no voucher that was not signed',
        provider.best.amountNano <= client.best.amountNano,
      ],
      ['the client does not run ahead', client.tree.count <= provider.tree.count],
      ['claims are covered by vouchers', this.claimedNano <= provider.best.amountNano],
      ['the stored leaves are the tree', this.leaves.length === provider.tree.count],
      [
        'the sum of the leaves is what was settled',
        this.leaves.reduce((sum, leaf) => sum + leaf.usedNano, 0n) === provider.settledNano,
      ],
    ]
    const { amountNano, leafCount } = provider.best
    const rises = amountNano >= this.#highest.amountNano && leafCount >= this.#highest.leafCount
    facts.push(['vouchers only rise', rises])
    this.#highest = provider.best
    for (const [fact, holds] of facts) if (!holds) throw new Error(`broken: ${fact}`)
  }
}

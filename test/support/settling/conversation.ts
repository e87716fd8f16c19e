/**
 * What two honest sides say to each other about money, in the order of docs/spec/session.md, between the
 * real desks of both roles. The network is left out: a message is a call, and `Wire` may lose it.
 */
import type { ClientDesk } from '#node/roles/client/channel-desk.ts'
import type { ProviderDesk } from '#node/roles/provider/channel-desk.ts'
import type { Ed25519KeyPair } from '#protocol/crypto/port.ts'
import type { SignedBytes } from '#settlement/types.ts'
import { CHUNK_NANO, CHUNK_TOKENS, signBill } from './billing.ts'

export interface Wire {
  /** A voucher leaves the client. May throw: the line broke. */
  voucherSent(voucher: SignedBytes): void
  /** Something that rests on the vouchers so far leaves the provider. May throw. */
  providerSent(): void
}

export interface Pair {
  readonly client: ClientDesk
  readonly provider: ProviderDesk
  readonly settlementKey: Ed25519KeyPair
  readonly wire: Wire
  readonly nowS: () => number
}

/** After a break and before the first request: both sides show what they hold. */
export function meetAgain({ client, provider, wire }: Pair): void {
  const view = provider.meet({ ...client.opening(), transcriptSignature: new Uint8Array(64) })
  wire.providerSent()
  client.meet({
    bestVoucher: view.best,
    leafCount: view.leafCount,
    peaks: view.peaks,
    missingLeaves: view.missing,
    usedTotalNano: view.usedTotalNano,
  } as Parameters<ClientDesk['meet']>[0])
}

/** One answer of `tokens` tokens, prepaid chunk by chunk, and the voucher that settles it. */
export function answer(pair: Pair, requestId: string, tokens: number): void {
  const { client, provider } = pair
  const chunks = Math.max(1, Math.ceil(tokens / CHUNK_TOKENS))
  pay(pair, client.allocate(requestId, CHUNK_NANO))
  const { leafIndex } = provider.ask(requestId)
  const bill = (used: number, finish: 'partial' | 'stop') =>
    signBill(answeringOf(pair), { requestId, leafIndex }, used, finish, pair.nowS())
  deliver(pair, provider.checkpoint(requestId, bill(0, 'partial')))
  provider.allocate(requestId, CHUNK_NANO)
  for (let chunk = 1; chunk < chunks; chunk++) {
    const allocatedNano = BigInt(chunk + 1) * CHUNK_NANO
    // Half of the present chunk has arrived: the next one is paid.
    pay(pair, client.allocate(requestId, allocatedNano))
    provider.allocate(requestId, allocatedNano)
    deliver(pair, provider.checkpoint(requestId, bill(chunk * CHUNK_TOKENS, 'partial')))
  }
  const last = provider.leaf(requestId, bill(tokens, 'stop'))
  pair.wire.providerSent()
  client.leaf(last)
  pay(pair, client.finalVoucher())
}

/** The provider's authorisation to close at what was used. */
export function closeTogether({ client, provider, wire }: Pair): SignedBytes {
  client.beginClosing()
  const closeAuth = provider.close()
  wire.providerSent()
  return closeAuth
}

function answeringOf({ client, settlementKey }: Pair) {
  const { address, terms } = client.state
  return { channel: address, globalId: terms.globalId, settlementKey }
}

function pay({ provider, wire }: Pair, voucher: SignedBytes | undefined): void {
  if (voucher === undefined) return
  wire.voucherSent(voucher)
  provider.acceptVoucher(voucher)
}

function deliver({ client, wire }: Pair, receipt: Parameters<ClientDesk['checkpoint']>[0]): void {
  wire.providerSent()
  client.checkpoint(receipt)
}

/** What a claim costs, from the executor: the difference that one makes in an embedded chain's books. */
import { systemClock } from '#node/clock.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { channelAddress } from '#settlement/cells/terms.ts'
import { signVoucher } from '#settlement/cells/voucher.ts'
import { FAUCET, Ledger } from '#settlement/devchain/ledger.ts'
import type { PriceTable } from '#settlement/devchain/prices.ts'
import type { ChannelTerms } from '#settlement/types.ts'
import { claimMessage, topUpMessage } from '#settlement/wallet/messages.ts'

const YEAR_S = 365 * 86_400
const DEPOSIT_NANO = 5_000_000_000n

/** Client and provider are the faucet, whose messages cost no wallet anything. */
export function benchTerms(key: Uint8Array, salt: bigint, expiresAt: number): ChannelTerms {
  return {
    globalId: -3,
    client: FAUCET,
    provider: FAUCET,
    clientKey: key,
    providerKey: key,
    closeDelay: 60,
    expiresAt,
    salt,
  }
}

/** The second claim of a channel, which is what all but one are. */
export async function claimFeeNano(seed: number, prices: PriceTable): Promise<bigint> {
  const ledger = await Ledger.create({ clock: systemClock, globalId: -3, prices })
  const key = crypto.ed25519FromSeed(new Uint8Array(32).fill((seed & 0x7f) + 1))
  const terms = benchTerms(key.publicKey, BigInt(seed), ledger.nowS() + YEAR_S)
  const channel = channelAddress(terms)
  const opening = topUpMessage(terms, DEPOSIT_NANO)
  const init = opening.stateInit === undefined ? {} : { init: opening.stateInit }
  await ledger.faucet(channel, opening.valueNano, { body: opening.body, ...init })
  const receiptsRoot = new Uint8Array(32).fill(7)
  let beforeNano = 0n
  for (const leafCount of [1, 1_001]) {
    beforeNano = ledger.totals().feesNano
    const amountNano = BigInt(leafCount) * 1_000_000n
    const voucher = signVoucher(crypto, key, { channel, amountNano, leafCount, receiptsRoot })
    const claim = claimMessage(terms, voucher)
    await ledger.faucet(channel, claim.valueNano, { body: claim.body })
  }
  return ledger.totals().feesNano - beforeNano
}

/** Traffic for an embedded chain: claims on one channel, and coins to ever more accounts until it is full. */
import { Address } from '@ton/core'
import { systemClock } from '#node/clock.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { signCell } from '#settlement/cells/signed.ts'
import { channelAddress } from '#settlement/cells/terms.ts'
import { voucherCell } from '#settlement/cells/voucher.ts'
import { ACCOUNTS_MAX } from '#settlement/devchain/constants.ts'
import { FAUCET, Ledger } from '#settlement/devchain/ledger.ts'
import type { PriceTable } from '#settlement/devchain/prices.ts'
import type { ChannelTerms } from '#settlement/types.ts'
import { claimMessage, topUpMessage } from '#settlement/wallet/messages.ts'

const DEPOSIT_NANO = 1_000_000_000_000n
const YEAR_S = 365 * 86_400
/** Of so many rounds one sends coins to another account instead of claiming. */
const TRANSFER_EVERY = 2

export class ChainLoad {
  readonly ledger: Ledger
  readonly #terms: ChannelTerms
  readonly #key
  #round = 0
  #claims = 0n
  #accounts = 0

  /** @param seed makes the same keys and messages again */
  static async create(seed: number, prices: PriceTable = 'mainnet-2026-08'): Promise<ChainLoad> {
    const ledger = await Ledger.create({ clock: systemClock, globalId: -3, prices })
    const load = new ChainLoad(ledger, seed)
    const { valueNano, body, stateInit } = topUpMessage(load.#terms, DEPOSIT_NANO)
    await ledger.faucet(channelAddress(load.#terms), valueNano, { body, ...init(stateInit) })
    return load
  }

  private constructor(ledger: Ledger, seed: number) {
    this.ledger = ledger
    this.#key = crypto.ed25519FromSeed(new Uint8Array(32).fill((seed & 0x7f) + 1))
    this.#terms = {
      globalId: ledger.globalId,
      // The faucet itself is the client: its messages need no signature of a wallet.
      client: FAUCET,
      provider: numbered(1),
      clientKey: this.#key.publicKey,
      providerKey: this.#key.publicKey,
      closeDelay: 60,
      expiresAt: ledger.nowS() + YEAR_S,
      salt: BigInt(seed),
    }
  }

  /** One message and all that follows from it; returns how many internal transactions it made. */
  async round(): Promise<number> {
    const before = this.ledger.transactions.added
    if (this.#round++ % TRANSFER_EVERY === 0) await this.#transfer()
    else await this.#claim()
    return this.ledger.transactions.added - before
  }

  #transfer(): Promise<void> {
    const reached = this.ledger.sizes().accounts
    if (reached < ACCOUNTS_MAX) this.#accounts++
    // When the chain is full, those that it has in turn.
    const at = reached < ACCOUNTS_MAX ? this.#accounts : (this.#round % this.#accounts) + 1
    return this.ledger.faucet(numbered(1_000 + at), 1_000_000n)
  }

  #claim(): Promise<void> {
    this.#claims++
    const voucher = voucherCell({
      channel: channelAddress(this.#terms),
      amountNano: this.#claims,
      leafCount: Number(this.#claims),
      receiptsRoot: new Uint8Array(32).fill(7),
    })
    const { to, valueNano, body } = claimMessage(this.#terms, signCell(crypto, this.#key, voucher))
    return this.ledger.faucet(to, valueNano, { body })
  }
}

function init(stateInit: ReturnType<typeof topUpMessage>['stateInit']) {
  return stateInit === undefined ? {} : { init: stateInit }
}

function numbered(index: number): Address {
  const hash = Buffer.alloc(32)
  hash.writeUInt32BE(index, 28)
  return new Address(0, hash)
}

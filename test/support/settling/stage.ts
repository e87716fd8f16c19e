/** One client and providers on the real contract: real desks and stores (on SIMULATED disks), no network. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { onTestFinished } from 'vitest'
import { auditStore } from '#node/audit/audit.ts'
import type { ClientDesk } from '#node/roles/client/channel-desk.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import type { ChannelTerms, SignedBytes, WalletMessage } from '#settlement/types.ts'
import { topUpMessage } from '#settlement/wallet/messages.ts'
import type { Party } from '../../settlement/sandbox-bench.ts'
import { Random } from '../../simulation/random.ts'
import { WEEK_GLOBAL_ID, WeekChain } from '../../simulation/week-chain.ts'
import { WeekClient, WeekProvider } from '../../simulation/week-peer.ts'
import { answer, meetAgain, type Pair } from './conversation.ts'

export const CLOSE_DELAY_S = 3_600
export const DEPOSIT_NANO = 400_000n

export class Stage {
  readonly chain: WeekChain
  readonly #root: string
  readonly #peers: (WeekClient | WeekProvider)[] = []
  #requests = 0

  private constructor(chain: WeekChain, root: string) {
    this.chain = chain
    this.#root = root
  }

  static async open(): Promise<Stage> {
    const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
    const stage = new Stage(
      await WeekChain.start(new Random(1)),
      mkdtempSync(path.join(memory, 'cocoon-stage-')),
    )
    onTestFinished(() => stage.#close())
    return stage
  }

  async client(name: string): Promise<WeekClient> {
    return this.#opened(new WeekClient(await this.#options(name)))
  }

  async provider(name: string): Promise<WeekProvider> {
    return this.#opened(new WeekProvider(await this.#options(name)))
  }

  async #options(name: string) {
    const { chain } = this
    return { name, root: this.#root, chain, wallet: await chain.party(name) }
  }

  #opened<T extends WeekClient | WeekProvider>(peer: T): T {
    peer.open()
    this.#peers.push(peer)
    return peer
  }

  /** A funded channel on which both have met. */
  async channel(
    client: WeekClient,
    provider: WeekProvider,
    changes: Partial<ChannelTerms> = {},
  ): Promise<Pair> {
    const desk = client.create({
      globalId: WEEK_GLOBAL_ID,
      client: client.wallet.address,
      provider: provider.wallet.address,
      providerKey: provider.settlementKey.publicKey,
      closeDelay: CLOSE_DELAY_S,
      expiresAt: this.chain.nowS + 86_400,
      ...changes,
    })
    await this.chain.send(client.wallet, topUpMessage(desk.state.terms, DEPOSIT_NANO))
    const pair = this.pair(client, provider, desk)
    await this.look(pair)
    meetAgain(pair)
    return pair
  }

  pair(_client: WeekClient, provider: WeekProvider, desk: ClientDesk): Pair {
    return {
      ...{ client: desk, provider: provider.deskOf(desk), settlementKey: provider.settlementKey },
      wire: { voucherSent: () => undefined, providerSent: () => undefined },
      nowS: () => this.chain.nowS,
    }
  }

  /** Both sides read the chain. */
  async look({ client, provider }: Pair): Promise<void> {
    const seen = await this.chain.reader.channel(client.state.address)
    client.observe(seen)
    provider.observe(seen)
  }

  requestId(): string {
    return (++this.#requests).toString(16).padStart(32, '0')
  }

  answer(pair: Pair, tokens: number): void {
    answer(pair, this.requestId(), tokens)
  }

  send(from: Party, message: WalletMessage): Promise<void> {
    return this.chain.send(from, message)
  }

  /** Coins of the channel that reached a wallet, as that wallet's own history says. */
  async arrivedNano({ client }: Pair, wallet: Party): Promise<bigint> {
    const history = await this.chain.reader.transactions(wallet.address, 100)
    return history.reduce((sum, { received }) => {
      const isFromChannel = received?.peer.equals(client.state.address) === true
      const kind = received?.body.beginParse()
      const opcode = kind !== undefined && kind.remainingBits >= 32 ? kind.loadUint(32) : 0
      // Excess of one's own calls is no payment.
      return isFromChannel && MONEY.has(opcode) ? sum + received.valueNano : sum
    }, 0n)
  }

  audit(peer: WeekClient | WeekProvider) {
    const { store } = peer
    return auditStore({ crypto: nodeCrypto, chain: this.chain.reader, store })
  }

  #close(): void {
    for (const { store } of this.#peers) store.close()
    rmSync(this.#root, { recursive: true, force: true })
  }
}

/** "PAID" and "RFND" */
const MONEY: ReadonlySet<number> = new Set([0x50414944, 0x52464e44])

export function bestOf(pair: Pair): SignedBytes {
  const { signed } = pair.provider.state.best
  if (signed === undefined) throw new Error('no voucher yet')
  return signed
}

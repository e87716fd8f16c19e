/** The reference model of the epoch anchor: docs/spec/settlement.md, "Epoch anchor". */
import { beginCell, type Transaction } from '@ton/core'
import {
  type AnchorTerms,
  anchorAddress,
  anchorMessage,
  nextHistory,
  readAnchor,
} from '#settlement/anchor/epoch-anchor.ts'
import type { PriceTable } from '#settlement/devchain/prices.ts'
import { NOW_S } from '../channel-fixture.ts'
import { type Party, SandboxBench, type Sent } from '../sandbox-bench.ts'
import type { Dice } from './dice.ts'
import { maxOf, sizeOf, storageRent } from './effects.ts'
import { firstOf, type Life, type Step, same } from './fuzz.ts'

const RENT_S = 400 * 86_400
const ANCHORED = 0x414e4c47
const EXCESSES = 0xd53276db
const RETURNED = 0x52464553
const EPOCHS_PER_LIFE = 25

export class AnchorLife implements Life {
  readonly #bench: SandboxBench
  readonly #prices: PriceTable
  readonly #terms: AnchorTerms
  #active = false
  #epochs = 0
  #model = { epoch: 0, leafCount: 0n, root: 0, history: new Uint8Array(32), anchoredAt: 0 }

  private constructor(bench: SandboxBench, prices: PriceTable, terms: AnchorTerms) {
    this.#bench = bench
    this.#prices = prices
    this.#terms = terms
  }

  static async begin(prices: PriceTable, life: number): Promise<AnchorLife> {
    const bench = await SandboxBench.create(prices)
    bench.chain.now = NOW_S
    const owner = bench.provider.address
    return new AnchorLife(bench, prices, { globalId: -3, owner, salt: BigInt(life) })
  }

  get isOver(): boolean {
    return this.#epochs === EPOCHS_PER_LIFE
  }

  get address() {
    return anchorAddress(this.#terms)
  }

  get #now(): number {
    return this.#bench.chain.now ?? NOW_S
  }

  balance(): Promise<bigint> {
    return this.#bench.balance(this.address)
  }

  next(dice: Dice): Step | Promise<Step> {
    if (!this.#active) return this.#anchor(dice)
    return dice.weighted<() => Step | Promise<Step>>([
      [20, () => this.#anchor(dice)],
      [3, () => this.#nonsense(dice)],
      [6, () => this.#wait(dice)],
    ])()
  }

  #party(dice: Dice, likely: Party): Party {
    const { client, provider, stranger } = this.#bench
    return dice.oneIn(6) ? dice.pick([client, provider, stranger]) : likely
  }

  async #anchor(dice: Dice): Promise<Step> {
    const model = this.#model
    const from = this.#party(dice, this.#bench.provider)
    const epoch = Math.max(0, model.epoch + dice.pick([-1, 0, 1, 1, 1, 7]))
    const leafCount = dice.pick([0n, 1n, 1n, 1_000n, 2n ** 64n - 1n])
    const root = dice.below(256)
    const next = { epoch, leafCount, root: new Uint8Array(32).fill(root), anchoredAt: this.#now }
    const message = anchorMessage(this.#terms, next)
    const init = message.stateInit
    const fresh = { code: init!.code!.toBoc(), data: init!.data!.toBoc() }
    const state = this.#active ? await this.#bench.state(this.address) : fresh
    const rent = storageRent(this.#prices, RENT_S, sizeOf(state))
    const history = nextHistory(model.history, next)
    return {
      kind: 'anchor',
      expected: firstOf([
        [from !== this.#bench.provider, 411],
        [epoch <= model.epoch, 422],
        [leafCount === 0n, 423],
      ]),
      send: async () => {
        this.#active = true
        const sent = await this.#bench.send(from, message)
        if (sent.success) same('the log', logOf(sent), logExpected(model.history, next))
        return sent
      },
      effect: (held) => ({
        out: [{ opcode: EXCESSES, to: from.address }],
        keptNano: maxOf(0n, rent - held),
      }),
      apply: () => {
        this.#epochs++
        this.#model = {
          epoch,
          leafCount,
          root,
          history: new Uint8Array(history),
          anchoredAt: this.#now,
        }
      },
    }
  }

  #nonsense(dice: Dice): Step {
    const from = this.#party(dice, this.#bench.client)
    const bounce = !dice.oneIn(3)
    const body = dice.pick([
      beginCell().endCell(),
      beginCell().storeUint(EXCESSES, 32).storeUint(0, 64).endCell(),
    ])
    const message = { to: this.address, valueNano: 1_000_000_000n, body }
    return {
      kind: 'nonsense',
      expected: bounce ? 0xffff : 0,
      send: () => this.#bench.send(from, message, { bounce }),
      effect: () => ({ out: [{ opcode: RETURNED, to: from.address }], keptNano: 0n }),
      apply: () => undefined,
    }
  }

  #wait(dice: Dice): Step {
    const seconds = dice.pick([1, 3_600, 86_400, 100 * 86_400])
    return {
      kind: 'wait',
      expected: 0,
      send: undefined,
      apply: () => {
        this.#bench.chain.now = this.#now + seconds
      },
    }
  }

  async check(): Promise<void> {
    if (!this.#active) return
    const found = readAnchor(this.address, await this.#bench.state(this.address))
    same('epoch', found?.epoch, this.#model.epoch)
    same('leaf_count', found?.leafCount, this.#model.leafCount)
    same('root', found?.root[0], this.#model.root)
    same('history', hex(found?.history), hex(this.#model.history))
    same('anchored_at', found?.anchoredAt, this.#model.anchoredAt)
  }
}

/** The external log message of the call, hexadecimal. */
function logOf({ transactions }: Sent): string {
  const logs = transactions.flatMap((one: Transaction) =>
    [...one.outMessages.values()].filter(({ info }) => info.type === 'external-out'),
  )
  return logs.map(({ body }) => hex(body.hash())).join()
}

function logExpected(
  history: Uint8Array,
  next: { epoch: number; leafCount: bigint; root: Uint8Array; anchoredAt: number },
): string {
  const log = beginCell()
    .storeUint(ANCHORED, 32)
    .storeBuffer(Buffer.from(history))
    .storeUint(next.epoch, 32)
    .storeUint(next.leafCount, 64)
    .storeBuffer(Buffer.from(next.root))
    .storeUint(next.anchoredAt, 32)
  return hex(log.endCell().hash())
}

function hex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('hex')
}

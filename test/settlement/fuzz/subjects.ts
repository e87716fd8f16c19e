/** The contracts that are fuzzed, each with its model. Short forms: 2,000 operations in all. */
import type { ContractName } from '#settlement/contracts/compile.ts'
import { PRICE_TABLES, type PriceTable } from '#settlement/devchain/prices.ts'
import { BondLife } from './bond.ts'
import { Dice } from './dice.ts'
import { AnchorLife } from './epoch-anchor.ts'
import { type FuzzReport, fuzz, type Life } from './fuzz.ts'
import { JettonChannelLife } from './jetton-channel.ts'
import { RegistryLife } from './registry.ts'
import { ChannelLife } from './uni-channel.ts'

const SEED = 20_261_123

export interface Subject {
  readonly name: ContractName
  readonly begin: (prices: PriceTable, life: number) => Promise<Life>
  /** Operations at each price table. */
  readonly short: number
  readonly long: number
  /** Each is accepted at least 50 times at each price table in the long form, once in the short one. */
  readonly kinds: readonly string[]
}

export const SUBJECTS: readonly Subject[] = [
  {
    name: 'uni-channel',
    begin: ChannelLife.begin,
    short: 300,
    long: 16_000,
    kinds: ['top_up', 'claim', 'close', 'coop_close', 'start_close', 'finish', 'destroy'],
  },
  {
    name: 'jetton-channel',
    begin: JettonChannelLife.begin,
    short: 360,
    long: 14_000,
    kinds: ['set_wallet', 'claim', 'close', 'coop_close', 'start_close', 'finish', 'destroy'],
  },
  {
    name: 'registry',
    begin: RegistryLife.begin,
    short: 170,
    long: 8_000,
    kinds: ['propose', 'revoke', 'cancel', 'apply'],
  },
  {
    name: 'bond',
    begin: BondLife.begin,
    short: 130,
    long: 8_000,
    kinds: ['deposit', 'start_unbonding', 'withdraw', 'slash'],
  },
  {
    name: 'epoch-anchor',
    begin: AnchorLife.begin,
    short: 40,
    long: 4_000,
    kinds: ['anchor'],
  },
]

/** One run, the same each time. @throws Error when contract and model differ */
export function runSubject(
  { begin }: Subject,
  prices: PriceTable,
  operations: number,
  tell?: (done: number) => void,
): Promise<FuzzReport> {
  const dice = new Dice(SEED + PRICE_TABLES.indexOf(prices))
  return fuzz((life) => begin(prices, life), operations, dice, tell)
}

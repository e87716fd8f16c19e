/** What stands behind a wallet: deposits, what is promised and not claimed, caps and what is left of them. */
import { z } from 'zod'
import type { SpendingView } from '#node/spending/spending.ts'
import type { Coins } from '#node/text.ts'
import type { ChannelState } from '#settlement/channel/state.ts'
import type { DepositView } from './deposit-caps.ts'

const nano = z.string().regex(/^-?\d{1,39}$/)

const capSchema = z.object({
  cap: z.enum([
    'spendPerRequest',
    'spendPerDay',
    'spendPerProvider',
    'depositPerDay',
    'depositPerProvider',
  ]),
  /** Null: no cap. */
  limitNano: nano.nullable(),
  /** Of today; for a provider: of the one with the least left. Null: no cap. */
  leftNano: nano.nullable(),
})

export const moneySchema = z.object({
  /** As the chain last said; null: it has not answered yet. */
  balanceNano: nano.nullable(),
  /** In channels that are not closed, less what providers have claimed of it. */
  depositsOutNano: nano,
  /** Covered by vouchers and not claimed: a client's debt, a provider's earnings. */
  unclaimedNano: nano,
  caps: z.array(capSchema),
})

export type Money = z.output<typeof moneySchema>
type Cap = z.output<typeof capSchema>

export interface MoneyParts {
  readonly balanceNano: bigint | undefined
  readonly channels: readonly ChannelState[]
  readonly spending?: SpendingView | undefined
  readonly deposits?: DepositView | undefined
}

export function moneyOf({ balanceNano, channels, spending, deposits }: MoneyParts): Money {
  const live = channels.filter(({ status }) => status !== 'closed')
  const depositsOut = live
    .filter(({ role }) => role === 'client')
    .reduce((sum, one) => sum + one.depositedNano - one.claimedNano, 0n)
  const unclaimed = live.reduce((sum, { best, claimedNano }) => {
    return best.amountNano > claimedNano ? sum + best.amountNano - claimedNano : sum
  }, 0n)
  return {
    balanceNano: balanceNano === undefined ? null : `${balanceNano}`,
    depositsOutNano: `${depositsOut}`,
    unclaimedNano: `${unclaimed}`,
    caps: [
      ...(spending === undefined ? [] : spendingCaps(spending)),
      ...(deposits === undefined ? [] : depositCaps(deposits)),
    ],
  }
}

/** Rows for people; caps that are not set are left out. */
export function moneyRows(money: Money, coins: Coins): readonly (readonly [string, string])[] {
  const amount = (text: string | null): string => (text === null ? '?' : coins(BigInt(text)))
  const caps = money.caps
    .filter(({ limitNano }) => limitNano !== null)
    .map(({ cap, limitNano, leftNano }) => {
      return ['cap', `${cap} ${amount(limitNano)}, ${amount(leftNano)} left`] as const
    })
  return [
    ['balance', amount(money.balanceNano)],
    ['deposits out', amount(money.depositsOutNano)],
    ['unclaimed', amount(money.unclaimedNano)],
    ...caps,
  ]
}

function spendingCaps(view: SpendingView): readonly Cap[] {
  const { perRequestNano, perDayNano, perProviderDayNano, spentNano, heldNano } = view
  const most = view.providers.reduce((nano, one) => {
    const used = one.spentNano + one.heldNano
    return used > nano ? used : nano
  }, 0n)
  return [
    capOf('spendPerRequest', perRequestNano, 0n),
    capOf('spendPerDay', perDayNano, spentNano + heldNano),
    capOf('spendPerProvider', perProviderDayNano, most),
  ]
}

function depositCaps({ usedNano, usedByProviderNano, limits }: DepositView): readonly Cap[] {
  return [
    capOf('depositPerDay', limits.perDayNano, usedNano),
    capOf('depositPerProvider', limits.perProviderDayNano, usedByProviderNano),
  ]
}

function capOf(cap: Cap['cap'], limit: bigint | undefined, used: bigint): Cap {
  if (limit === undefined) return { cap, limitNano: null, leftNano: null }
  return { cap, limitNano: `${limit}`, leftNano: `${limit > used ? limit - used : 0n}` }
}

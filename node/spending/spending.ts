/** Spend caps of a client: for one request, for one day, and for one provider on one day. */
import type { Clock } from '#protocol/clock.ts'
import { SettlementError } from '#protocol/errors.ts'
import { LEDGER_DAYS_MAX } from './constants.ts'
import type { Charge, Hold, Ledger } from './ledger.ts'

/** nanoTON; undefined: no cap. Days are those of the client's clock, in UTC. */
export interface SpendCaps {
  readonly perRequestNano?: bigint | undefined
  readonly perDayNano?: bigint | undefined
  readonly perProviderDayNano?: bigint | undefined
}

export type SpendCode =
  | 'PRICE_ABOVE_MAX'
  | 'SPEND_CAP_REQUEST'
  | 'SPEND_CAP_DAY'
  | 'SPEND_CAP_PROVIDER'

/** The smallest amount that binds a request, and which cap it is. */
export interface SpendLimit {
  readonly nano: bigint
  readonly code: SpendCode
}

export interface ProviderSpendingView {
  /** Hexadecimal identity key. */
  readonly provider: string
  readonly spentNano: bigint
  readonly heldNano: bigint
}

export interface SpendingView {
  /** Of the client's clock in UTC, for example 2026-11-23. */
  readonly day: string
  readonly spentNano: bigint
  /** Reserved by requests that run. */
  readonly heldNano: bigint
  readonly perRequestNano: bigint | undefined
  readonly perDayNano: bigint | undefined
  readonly perProviderDayNano: bigint | undefined
  readonly providers: readonly ProviderSpendingView[]
}

const DAY_MS = 86_400_000
/** After every text that continues a name with '/'. */
const AFTER_SLASH = '0'

export class Spending {
  readonly #ledger: Ledger
  readonly #clock: Clock
  readonly #caps: SpendCaps

  constructor(ledger: Ledger, clock: Clock, caps: SpendCaps) {
    this.#ledger = ledger
    this.#clock = clock
    this.#caps = caps
    ledger.forgetBetween('day/', accountOf(dayOf(clock.nowMs() - LEDGER_DAYS_MAX * DAY_MS)))
  }

  /** What a request may cost now: the least of its own maximum, the request's cap and the day's. */
  limit(maxPriceNano: bigint | undefined): SpendLimit | undefined {
    const limits: readonly { readonly nano: bigint | undefined; readonly code: SpendCode }[] = [
      { nano: maxPriceNano, code: 'PRICE_ABOVE_MAX' },
      { nano: this.#caps.perRequestNano, code: 'SPEND_CAP_REQUEST' },
      { nano: this.#ledger.leftNano(this.#day()), code: 'SPEND_CAP_DAY' },
    ]
    let least: SpendLimit | undefined
    for (const { nano, code } of limits) {
      if (nano !== undefined && (least === undefined || nano < least.nano)) least = { nano, code }
    }
    return least
  }

  /** What this provider may still be paid today; undefined: no cap. */
  providerLeftNano(provider: string): bigint | undefined {
    return this.#ledger.leftNano(this.#provider(provider))
  }

  /**
   * Reserves the most that one attempt can cost, durably, before anything is signed for it.
   * @throws SettlementError SPEND_CAP_DAY, SPEND_CAP_PROVIDER
   */
  hold(provider: string, nano: bigint): Hold {
    const day = this.#day()
    const result = this.#ledger.hold([day, this.#provider(provider)], nano)
    if (result.held) return result.hold
    const code = result.account === day.account ? 'SPEND_CAP_DAY' : 'SPEND_CAP_PROVIDER'
    throw spendRefusal(code, nano, result.leftNano)
  }

  view(): SpendingView {
    const day = dayOf(this.#clock.nowMs())
    const { perRequestNano, perDayNano, perProviderDayNano } = this.#caps
    const prefix = `${accountOf(day)}/`
    const names = this.#ledger.accountsBetween(prefix, accountOf(day) + AFTER_SLASH)
    const providers = names.map((name) => ({
      provider: name.slice(prefix.length),
      ...this.#ledger.balance(name),
    }))
    const sum = this.#ledger.balance(accountOf(day))
    return { day, ...sum, perRequestNano, perDayNano, perProviderDayNano, providers }
  }

  #day(): Charge {
    return { account: accountOf(dayOf(this.#clock.nowMs())), capNano: this.#caps.perDayNano }
  }

  #provider(provider: string): Charge {
    const account = `${accountOf(dayOf(this.#clock.nowMs()))}/${provider}`
    return { account, capNano: this.#caps.perProviderDayNano }
  }
}

const accountOf = (day: string): string => `day/${day}`

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

/** Refused before anything was signed or sent; amounts are in the data. */
export function spendRefusal(
  code: SpendCode,
  neededNano: bigint,
  leftNano: bigint,
): SettlementError {
  return REFUSALS[code]({ neededNano, leftNano })
}

type Amounts = Readonly<Record<'neededNano' | 'leftNano', bigint>>

const REFUSALS: Readonly<Record<SpendCode, (data: Amounts) => SettlementError>> = {
  PRICE_ABOVE_MAX: (data) =>
    new SettlementError('PRICE_ABOVE_MAX', "the cheapest offer is above the request's maximum", {
      remedy: 'Raise the maximum of the request, or ask for fewer tokens.',
      data,
    }),
  SPEND_CAP_REQUEST: (data) =>
    new SettlementError('SPEND_CAP_REQUEST', 'the cheapest offer is above the cap of a request', {
      remedy: 'Ask for fewer tokens, or raise spendPerRequest in config.json.',
      data,
    }),
  SPEND_CAP_DAY: (data) =>
    new SettlementError('SPEND_CAP_DAY', 'this request could cost more than is left for today', {
      remedy: 'Wait for the next day (UTC), or raise spendPerDay in config.json.',
      data,
    }),
  SPEND_CAP_PROVIDER: (data) =>
    new SettlementError('SPEND_CAP_PROVIDER', 'no provider may be paid so much more today', {
      remedy: 'Wait for the next day (UTC), or raise spendPerProvider in config.json.',
      data,
    }),
}

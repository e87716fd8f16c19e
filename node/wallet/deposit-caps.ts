/**
 * The wallet's own caps: coins put into channels on one day, and for one provider on one day. Asked by the
 * wallet before it signs, so that no path around them exists; what a crash left open counts in full.
 */
import type { Charge, Hold, Ledger } from '#node/spending/ledger.ts'
import type { Clock } from '#protocol/clock.ts'
import { SettlementError } from '#protocol/errors.ts'
import type { Deposit } from '#settlement/types.ts'
import type { DepositGuard } from '#settlement/wallet/wallet.ts'
import { DEPOSIT_DAYS_MAX } from './constants.ts'

/** nanoTON; undefined: no cap. Days are those of the clock, in UTC. */
export interface DepositLimits {
  readonly perDayNano?: bigint | undefined
  readonly perProviderDayNano?: bigint | undefined
}

export interface DepositView {
  /** Put into channels today, and about to be. */
  readonly usedNano: bigint
  /** The most for any one provider today. */
  readonly usedByProviderNano: bigint
  readonly limits: DepositLimits
}

const DAY_MS = 86_400_000
/** After every text that continues a name with '/'. */
const AFTER_SLASH = '0'

export class DepositCaps implements DepositGuard {
  readonly #ledger: Ledger
  readonly #clock: Clock
  readonly #limits: DepositLimits

  constructor(ledger: Ledger, clock: Clock, limits: DepositLimits) {
    this.#ledger = ledger
    this.#clock = clock
    this.#limits = limits
    const oldest = dayOf(clock.nowMs() - DEPOSIT_DAYS_MAX * DAY_MS)
    ledger.forgetBetween('deposit/', `deposit/${oldest}`)
  }

  /** @throws SettlementError DEPOSIT_CAP_DAY, DEPOSIT_CAP_PROVIDER; nothing is held then */
  hold(deposits: readonly Deposit[]): (isSpent: boolean) => void {
    const held: { readonly hold: Hold; readonly nano: bigint }[] = []
    try {
      for (const deposit of deposits) held.push(this.#holdOne(deposit))
    } catch (error) {
      for (const { hold } of held) hold.settle(0n)
      throw error
    }
    return (isSpent) => {
      for (const { hold, nano } of held) hold.settle(isSpent ? nano : 0n)
    }
  }

  view(): DepositView {
    const day = this.#day().account
    const used = (account: string): bigint => {
      const { spentNano, heldNano } = this.#ledger.balance(account)
      return spentNano + heldNano
    }
    const providers = this.#ledger.accountsBetween(`${day}/`, day + AFTER_SLASH).map(used)
    const usedByProviderNano = providers.reduce((most, nano) => (nano > most ? nano : most), 0n)
    return { usedNano: used(day), usedByProviderNano, limits: this.#limits }
  }

  #holdOne({ amountNano, provider }: Deposit): { readonly hold: Hold; readonly nano: bigint } {
    const day = this.#day()
    const account = `${day.account}/${provider.toRawString()}`
    const ofProvider = { account, capNano: this.#limits.perProviderDayNano }
    const result = this.#ledger.hold([day, ofProvider], amountNano)
    if (result.held) return { hold: result.hold, nano: amountNano }
    const data = { neededNano: amountNano, leftNano: result.leftNano }
    throw result.account === day.account ? dayCap(data) : providerCap(data)
  }

  #day(): Charge {
    const account = `deposit/${dayOf(this.#clock.nowMs())}`
    return { account, capNano: this.#limits.perDayNano }
  }
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

type Amounts = Readonly<Record<'neededNano' | 'leftNano', bigint>>

function dayCap(data: Amounts): SettlementError {
  return new SettlementError('DEPOSIT_CAP_DAY', 'this deposit is above what is left for today', {
    remedy: 'Wait for the next day (UTC), or raise depositPerDay in config.json.',
    data,
  })
}

function providerCap(data: Amounts): SettlementError {
  return new SettlementError('DEPOSIT_CAP_PROVIDER', 'no provider may get so much more today', {
    remedy: 'Wait for the next day (UTC), or raise depositPerProvider in config.json.',
    data,
  })
}

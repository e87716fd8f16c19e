/** `cocoon wallet show`: address, balance, what is out, what is in flight, caps and what is left of them. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { systemClock } from '#node/clock.ts'
import { LEDGER_FILE } from '#node/spending/constants.ts'
import { openLedgerDatabase } from '#node/spending/database.ts'
import { Ledger } from '#node/spending/ledger.ts'
import { Spending } from '#node/spending/spending.ts'
import { askStatus } from '#node/status/control-client.ts'
import { pairs } from '#node/text.ts'
import { DepositCaps } from '#node/wallet/deposit-caps.ts'
import { journalFile } from '#node/wallet/journal-file.ts'
import { friendlyAddress } from '#node/wallet/links.ts'
import { type Money, moneyOf, moneyRows } from '#node/wallet/money.ts'
import { CocoonError } from '#protocol/errors.ts'
import type { CliContext } from '../context.ts'
import { type WalletHome, type WalletOptions, walletHome } from './home.ts'
import { storedChannels } from './stored-channels.ts'

export async function showWallet(options: WalletOptions, context: CliContext): Promise<void> {
  const { output, coins, settings } = context
  const home = walletHome(options, context)
  const balanceNano = await home.chain.balance(home.address)
  const money = (await runningMoney(home)) ?? storedMoney(home, context)
  const document = { ...money, balanceNano: `${balanceNano}` }
  const pending = journalFile(home.networkDir, home.address).read()
  const addresses = addressesOf(home)
  const { kind, file } = home.wallet
  if (options.json) {
    const inFlight =
      pending === undefined
        ? null
        : { seqno: pending.seqno, validUntilS: pending.validUntilS, bodyHash: pending.bodyHash }
    const { coinSymbol: symbol } = settings
    return output.json({
      kind,
      file,
      network: home.network.name,
      symbol,
      ...addresses,
      ...document,
      inFlight,
    })
  }
  output.result(
    pairs([
      ['address', addresses.nonBounceable],
      ['bounceable', addresses.bounceable],
      ['raw', addresses.raw],
      ['network', home.network.name],
      ['key', `${kind}, ${file}`],
      ...moneyRows(document, coins),
      ...(pending === undefined
        ? []
        : ([['in flight', `message ${pending.seqno}, ${pending.bodyHash}`]] as const)),
    ]),
  )
}

function addressesOf({ address, network }: WalletHome) {
  const form = (bounceable: boolean) => friendlyAddress(address, network.globalId, bounceable)
  return { raw: address.toRawString(), bounceable: form(true), nonBounceable: form(false) }
}

/** Of the peer that has the folder open; undefined: none runs. */
async function runningMoney({ dataDir }: WalletHome): Promise<Money | undefined> {
  try {
    return (await askStatus(dataDir)).money
  } catch (error) {
    if (error instanceof CocoonError && error.code === 'PEER_NOT_RUNNING') return undefined
    throw error
  }
}

function storedMoney(home: WalletHome, { settings }: CliContext): Money {
  const channels = storedChannels(home.networkDir).map(({ state }) => state)
  if (!existsSync(path.join(home.networkDir, LEDGER_FILE))) {
    return moneyOf({ balanceNano: undefined, channels })
  }
  const database = openLedgerDatabase(home.networkDir)
  try {
    const ledger = new Ledger(database)
    const spending = new Spending(ledger, systemClock, {
      perRequestNano: settings.spendPerRequestNano,
      perDayNano: settings.spendPerDayNano,
      perProviderDayNano: settings.spendPerProviderNano,
    })
    const deposits = new DepositCaps(ledger, systemClock, {
      perDayNano: settings.depositPerDayNano,
      perProviderDayNano: settings.depositPerProviderNano,
    })
    const views = { spending: spending.view(), deposits: deposits.view() }
    return moneyOf({ balanceNano: undefined, channels, ...views })
  } finally {
    database.close()
  }
}

/** Commands that move coins: first what would be sent, then, with --yes, the sending. */
import type { Command } from 'commander'
import { ConfigError } from '#protocol/errors.ts'
import type { Wallet, WalletMessage } from '#settlement/types.ts'
import type { CliContext } from './context.ts'

export interface SpendOptions {
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly json?: boolean
}

export function withSpending(command: Command): Command {
  return command
    .option('--dry-run', 'only show what would be sent')
    .option('--yes', 'send it')
    .option('--json', 'one JSON document to stdout')
}

export interface Spending {
  /** For people: "bonds 5 TON". */
  readonly what: string
  readonly message: WalletMessage
  /** Part of the message's value that is not for fees, nanoTON. */
  readonly movesNano: bigint
}

/**
 * Shows it, and sends it with --yes. Whatever the message brings for fees beyond what they cost comes back.
 * @param beforeSending runs once it is certain that it will be sent
 * @throws ConfigError USAGE without --dry-run and --yes
 * @throws SettlementError, UnavailableError of the wallet
 */
export async function spend(
  { what, message, movesNano }: Spending,
  { dryRun = false, yes = false, json = false }: SpendOptions,
  openWallet: () => Promise<Wallet>,
  { output, coins, interrupts }: CliContext,
  beforeSending: () => void = () => undefined,
): Promise<void> {
  if (dryRun && yes) throw new ConfigError('USAGE', '--dry-run and --yes exclude each other')
  const attachedNano = message.valueNano - movesNano
  const plan = { what, to: message.to.toRawString(), movesNano, attachedNano }
  output.talk(`${what}: ${coins(movesNano)} to ${plan.to}`)
  output.talk(`with ${coins(attachedNano)} for fees; what they do not cost comes back`)
  if (dryRun) {
    if (json) output.json({ ...plan, sent: false, feesNano: null })
    else output.result('not sent: a dry run')
    return
  }
  if (!yes) {
    throw new ConfigError('USAGE', 'this sends coins', {
      remedy: 'Pass --yes to send them, or --dry-run to see what would be sent.',
    })
  }
  const wallet = await openWallet()
  beforeSending()
  const { feesNano } = await wallet.send([message], interrupts.first)
  if (json) output.json({ ...plan, sent: true, feesNano })
  else output.result(`sent; fees ${coins(feesNano)}`)
}

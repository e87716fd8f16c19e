/** `cocoon wallet create|import|show|fund|withdraw|quote`: the coins of a peer and the key to them. */
import { type Command, Option } from 'commander'
import type { SettingName } from '#node/config/table.ts'
import type { CliContext } from '../context.ts'
import { parseCoins, parseCountIn } from '../numbers.ts'
import { type Prompt, processPrompt } from '../prompt.ts'
import { withSettings } from '../settings-options.ts'
import type { FundOptions } from '../wallet/fund.ts'
import type { WalletOptions } from '../wallet/home.ts'
import type { ImportOptions, MakeOptions } from '../wallet/make.ts'
import type { QuoteOptions } from '../wallet/quote.ts'
import type { WithdrawOptions } from '../wallet/withdraw.ts'

const TOKENS_MAX = 1_000_000

/** @param prompt asks the person; a test answers instead */
export function walletCommand(
  program: Command,
  context: CliContext,
  prompt: Prompt = processPrompt,
): void {
  const wallet = program.command('wallet').description('the coins of a peer, and the key to them')
  withMaking(withFolder(wallet.command('create'), ['walletPassphraseFile'], ['walletPassphrase']))
    .description('make a wallet; its 24 words are shown once')
    .action(async (options: MakeOptions) => {
      const { createWallet } = await import('../wallet/make.ts')
      await createWallet(options, context, prompt)
    })
  withMaking(withFolder(wallet.command('import'), ['walletPassphraseFile'], ['walletPassphrase']))
    .description('bring 24 words of a TON wallet, from standard input, or a program that signs')
    .option('--words-file <file>', 'file with the words')
    .option('--signer <command>', 'program that keeps the key; docs/spec/settlement.md')
    .action(async (options: ImportOptions) => {
      const { importWallet } = await import('../wallet/make.ts')
      await importWallet(options, context, prompt)
    })
  withFolder(wallet.command('show', { isDefault: true }), ['network'])
    .description('address, balance, deposits out, unclaimed, caps and what is left of them')
    .action(async (options: WalletOptions) => {
      const { showWallet } = await import('../wallet/show.ts')
      await showWallet(options, context)
    })
  fundCommand(wallet, context)
  withdrawCommand(wallet, context, prompt)
  withFolder(wallet.command('quote'), ['network', 'depositNano'])
    .description("what a deposit, a claim, a close or a request costs, at the chain's prices")
    .option('--model <id>', 'also a request of this model, by offers of the running client')
    .option('--prompt-tokens <n>', 'of the request', parseCountIn(1, TOKENS_MAX), 1_000)
    .option('--tokens <n>', 'of the answer', parseCountIn(1, TOKENS_MAX), 256)
    .action(async (options: QuoteOptions) => {
      const { quote } = await import('../wallet/quote.ts')
      await quote(options, context)
    })
}

function fundCommand(wallet: Command, context: CliContext): void {
  withFolder(wallet.command('fund'), ['network'])
    .description('where to send coins: address, links for wallet apps, QR code')
    .argument('[amount]', 'coins to ask for', parseCoins)
    .option('--qr', 'print the QR code also where no terminal is')
    .option('--faucet', 'on an embedded chain: take coins that are worth nothing')
    .action(async (amount: bigint | undefined, options: FundOptions) => {
      const { fundWallet } = await import('../wallet/fund.ts')
      await fundWallet(amount, options, context)
    })
}

function withdrawCommand(wallet: Command, context: CliContext, prompt: Prompt): void {
  const settings: readonly SettingName[] = ['network', 'walletPassphraseFile']
  withFolder(wallet.command('withdraw'), settings, ['walletPassphrase'])
    .description('send coins away; the peer of the folder must not run')
    .argument('<address>', 'TON address that gets them')
    .argument('[amount]', 'coins', parseCoins)
    .option('--all', 'all that the wallet holds; what channels hold is listed')
    .option('--close', 'first do what frees coins in channels: claim, start to close, finish')
    .option('--dry-run', 'print the messages, fees and result, sign nothing')
    .option('--yes', 'do not ask')
    .action(async (to: string, amount: bigint | undefined, options: WithdrawOptions) => {
      const { withdraw } = await import('../wallet/withdraw.ts')
      await withdraw(to, amount, options, context, prompt)
    })
}

function withMaking(command: Command): Command {
  return command
    .option('--plain', 'keep the key in the clear: for testnets only')
    .option('--replace', 'where keys.json has a wallet: use the new one from now on')
}

function withFolder(
  command: Command,
  flags: readonly SettingName[],
  others: readonly SettingName[] = [],
): Command {
  command
    .addOption(
      new Option('--role <role>', 'whose wallet').choices(['client', 'provider']).default('client'),
    )
    .option('--data <dir>', 'data folder of the peer (default: that of the role in COCOON_DATA)')
    .option('--json', 'one JSON document to stdout')
  return withSettings(command, flags, ['dataRoot', 'coinSymbol', ...others])
}

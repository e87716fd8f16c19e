/** `cocoon bond show|deposit|unbond|withdraw|prove|slash`: a provider's stake against over-billing. */
import type { Command } from 'commander'
import { pairs } from '#node/text.ts'
import type { BondMove } from '../bond-desk.ts'
import type { CliContext } from '../context.ts'
import { EXIT } from '../failure.ts'
import { parseCoins } from '../numbers.ts'
import type { PeerCommandOptions } from '../options.ts'
import { type SpendOptions, withSpending } from '../spend.ts'

/** Loaded here only: the chain's libraries take a second. */
const load = () => import('../bond-desk.ts')

type Options = PeerCommandOptions & SpendOptions

export function bondCommand(program: Command, context: CliContext): void {
  const bond = program
    .command('bond')
    .description("a provider's stake, lost when it bills above its own quote")
  withPeer(bond.command('show', { isDefault: true }), 'provider')
    .description('what is bonded; while the provider does not run')
    .option('--json', 'one JSON document to stdout')
    .action((options: Options) => show(options, context))
  withSpending(withPeer(bond.command('deposit'), 'provider'))
    .description('add to the stake')
    .argument('<coins>', 'for example 50', parseCoins)
    .action((amountNano: bigint, options: Options) =>
      move({ kind: 'deposit', amountNano }, options, context),
    )
  withSpending(withPeer(bond.command('unbond'), 'provider'))
    .description('start the 30 days after which the stake can be withdrawn')
    .action((options: Options) => move({ kind: 'unbond' }, options, context))
  withSpending(withPeer(bond.command('withdraw'), 'provider'))
    .description('get the stake back, after unbonding')
    .action((options: Options) => move({ kind: 'withdraw' }, options, context))
  bond
    .command('prove')
    .description('whether a receipt proves over-billing; exit 1: it does not')
    .argument('<file>', 'receipt file')
    .option('--json', 'one JSON document to stdout')
    .action((file: string, options: Options) => prove(file, options, context))
  withSpending(withPeer(bond.command('slash'), 'client'))
    .description(
      'take the stake of a provider with such a receipt: a tenth to you, the rest is burnt',
    )
    .argument('<file>', 'receipt file')
    .requiredOption('--bond <address>', 'address of the bond')
    .action(async (file: string, options: Options & { readonly bond: string }) => {
      await (await load()).slash(file, options.bond, options, context)
    })
}

const withPeer = (command: Command, role: string): Command =>
  command
    .option('--network <file>', 'network file')
    .option('--data <dir>', `data folder of the ${role}`)

async function move(what: BondMove, options: Options, context: CliContext): Promise<void> {
  await (await load()).moveBond(what, options, context)
}

async function show(options: Options, context: CliContext): Promise<void> {
  const { address, bond } = await (await load()).ownBond(options, context)
  const { bondedNano = 0n, slashedNano = 0n, unbondAt = 0 } = bond ?? {}
  if (options.json) {
    context.output.json({ address, bondedNano, slashedNano, unbondAt })
    return
  }
  context.output.result(
    pairs([
      ['bond', address],
      ['bonded', context.coins(bondedNano)],
      ['slashed', context.coins(slashedNano)],
      ['withdrawable', unbondAt === 0 ? 'not unbonding' : new Date(unbondAt * 1000).toISOString()],
    ]),
  )
}

async function prove(file: string, { json }: Options, context: CliContext): Promise<void> {
  const { isOverBilled, usedNano } = (await load()).overBillingIn(file)
  if (json) context.output.json({ file, isOverBilled, usedNano })
  else if (isOverBilled)
    context.output.result('over-billed: the bond of its provider can be slashed')
  else context.output.result('the bill is what the quote allows')
  if (!isOverBilled) context.exitWith(EXIT.failed)
}

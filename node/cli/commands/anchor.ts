/** `cocoon anchor show|publish|prove`: a provider's receipts of all channels under one root on the chain. */
import type { Command } from 'commander'
import type { Epoch } from '#node/receipts/epochs.ts'
import { pairs } from '#node/text.ts'
import { toHex } from '#protocol/bytes.ts'
import type { CliContext } from '../context.ts'
import type { PeerCommandOptions } from '../options.ts'
import { type SpendOptions, withSpending } from '../spend.ts'

interface ProveOptions extends PeerCommandOptions {
  readonly out?: string
}

export function anchorCommand(program: Command, context: CliContext): void {
  const anchor = program
    .command('anchor')
    .description("a provider's receipts under one root on the chain; while it does not run")
  withProvider(anchor.command('show', { isDefault: true }))
    .description('what is anchored, and what is not yet')
    .option('--json', 'one JSON document to stdout')
    .action((options: PeerCommandOptions) => show(options, context))
  withSpending(withProvider(anchor.command('publish')))
    .description('anchor all receipts: one small message, whatever their number')
    .action((options: PeerCommandOptions & SpendOptions) => publish(options, context))
  withProvider(anchor.command('prove'))
    .description('where a receipt stands in the anchor, for `receipts verify --anchor-proof`')
    .argument('<file>', 'receipt file of a client')
    .option('--out <file>', 'write there instead of stdout')
    .action((file: string, options: ProveOptions) => prove(file, options, context))
}

const withProvider = (command: Command): Command =>
  command
    .option('--network <file>', 'network file')
    .option('--data <dir>', 'data folder of the provider')

/** Loaded here only: the chain's libraries take a second. */
const load = () => import('../anchor-desk.ts')

async function show(options: PeerCommandOptions, context: CliContext): Promise<void> {
  const { withAnchorDesk } = await load()
  await withAnchorDesk(options, context, async ({ address, onChain, next }) => {
    const fresh = receiptsIn(next)
    const document = {
      address,
      epoch: onChain?.epoch ?? 0,
      receipts: `${onChain?.leafCount ?? 0n}`,
      root: onChain === undefined ? null : toHex(onChain.root),
      anchoredAt: onChain?.anchoredAt ?? null,
      notYetAnchored: fresh,
    }
    if (options.json) return context.output.json(document)
    context.output.result(
      pairs([
        ['anchor', address],
        ['epoch', onChain === undefined ? 'none yet' : `${onChain.epoch}`],
        ['receipts', document.receipts],
        ['root', document.root ?? '-'],
        ['not yet anchored', `${fresh}`],
      ]),
    )
  })
}

async function publish(
  options: PeerCommandOptions & SpendOptions,
  context: CliContext,
): Promise<void> {
  const { withAnchorDesk } = await load()
  await withAnchorDesk(options, context, (desk) => desk.publish(options))
}

async function prove(file: string, options: ProveOptions, context: CliContext): Promise<void> {
  const { withAnchorDesk } = await load()
  await withAnchorDesk(options, context, async (desk) => desk.prove(file, options.out))
}

const receiptsIn = (epoch: Epoch | undefined): number =>
  (epoch?.segments ?? []).reduce((sum, { from, to }) => sum + to - from, 0)

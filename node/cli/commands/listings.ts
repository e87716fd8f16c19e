/** `cocoon offers`: what the running client knows of providers. */
import type { Command } from 'commander'
import { shortProvider, table } from '#node/text.ts'
import type { CliContext } from '../context.ts'
import { localApi, type TargetOptions, withTarget } from '../target.ts'

export function offersCommand(program: Command, context: CliContext): void {
  withTarget(program.command('offers'))
    .description('providers in the offer book of the running client')
    .action((options: TargetOptions) => showOffers(options, context))
}

async function showOffers(options: TargetOptions, context: CliContext): Promise<void> {
  const { output, coins, settings } = context
  const offers = await localApi(options, settings).offers()
  if (options.json) return output.json(offers)
  const text = table(offers, [
    { title: 'PROVIDER', cell: (offer) => shortProvider(offer.provider) },
    { title: 'MODEL', cell: (offer) => offer.modelId },
    { title: 'TIER', cell: (offer) => offer.tier },
    { title: 'PROMPT/MTOK', cell: (o) => coins(BigInt(o.promptNanoPerMtok)), align: 'right' },
    {
      title: 'COMPLETION/MTOK',
      cell: (o) => coins(BigInt(o.completionNanoPerMtok)),
      align: 'right',
    },
    { title: 'FREE', cell: (offer) => `${offer.slotsFree}/${offer.slotsTotal}`, align: 'right' },
    {
      title: 'LATENCY',
      cell: (o) => (o.latencyMs === null ? '-' : `${Math.round(o.latencyMs)} ms`),
      align: 'right',
    },
    { title: 'PEER', cell: (offer) => offer.peerId },
  ])
  output.result(text)
}

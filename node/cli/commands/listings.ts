/** `cocoon offers` and `cocoon channels`: what the running client knows. */
import type { Command } from 'commander'
import { pairs, shortAddress, shortProvider, table } from '#node/text.ts'
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

export function channelsCommand(program: Command, context: CliContext): void {
  const channels = program.command('channels').description('payment channels of the running client')
  withTarget(channels.command('list', { isDefault: true }))
    .description('all channels')
    .action((options: TargetOptions) => listChannels(options, context))
  withTarget(channels.command('show'))
    .description('one channel')
    .argument('<address>', 'address of the channel')
    .action((address: string, options: TargetOptions) => showChannel(address, options, context))
}

async function listChannels(options: TargetOptions, context: CliContext): Promise<void> {
  const { output, coins, settings } = context
  const channels = await localApi(options, settings).channels()
  if (options.json) return output.json(channels)
  const text = table(channels, [
    { title: 'CHANNEL', cell: (channel) => channel.address },
    { title: 'WITH', cell: (channel) => shortAddress(channel.counterparty) },
    { title: 'STATUS', cell: (channel) => channel.status },
    { title: 'DEPOSITED', cell: (c) => coins(BigInt(c.depositedNano)), align: 'right' },
    { title: 'USED', cell: (c) => coins(BigInt(c.usedNano)), align: 'right' },
    { title: 'CLAIMED', cell: (c) => coins(BigInt(c.claimedNano)), align: 'right' },
    { title: 'RECEIPTS', cell: (channel) => String(channel.leafCount), align: 'right' },
  ])
  output.result(text)
}

async function showChannel(
  address: string,
  options: TargetOptions,
  context: CliContext,
): Promise<void> {
  const { output, coins, settings } = context
  const channel = await localApi(options, settings).channel(address)
  if (options.json) return output.json(channel)
  output.result(
    pairs([
      ['channel', channel.address],
      ['with', channel.counterparty],
      ['status', channel.status],
      ['deposited', coins(BigInt(channel.depositedNano))],
      ['voucher', coins(BigInt(channel.voucherNano))],
      ['used', coins(BigInt(channel.usedNano))],
      ['claimed', coins(BigInt(channel.claimedNano))],
      ['receipts', String(channel.leafCount)],
      ['receipts root', channel.receiptsRoot],
      ['expires', new Date(channel.expiresAt * 1000).toISOString()],
    ]),
  )
}

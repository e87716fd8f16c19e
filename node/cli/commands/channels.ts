/** `cocoon channels list|show|topup|close|audit`: payment channels, and the money in them. */
import { type Command, InvalidArgumentError } from 'commander'
import type { ChannelDocument } from '#node/gateway/api-schema.ts'
import { pairs, shortAddress, table } from '#node/text.ts'
import { ConfigError } from '#protocol/errors.ts'
import { TOP_UP_ATTACHED_NANO } from '#settlement/constants.ts'
import { type ChannelSourceOptions, readChannels } from '../channel-source.ts'
import type { CliContext } from '../context.ts'
import { localApi, type TargetOptions, withTarget } from '../target.ts'
import { auditCommand } from './channels-audit.ts'

interface MoneyOptions extends TargetOptions {
  readonly dryRun?: boolean
}

export function channelsCommand(program: Command, context: CliContext): void {
  const channels = program.command('channels').description('payment channels, and what is in them')
  withTarget(channels.command('list', { isDefault: true }))
    .description('all channels of the running client, or of a peer that does not run')
    .option('--peer <dir>', 'data folder of a client or provider that does not run')
    .action((options: ChannelSourceOptions) => listChannels(options, context))
  withTarget(channels.command('show'))
    .description('one channel of the running client, or of a peer that does not run')
    .argument('<address>', 'address of the channel')
    .option('--peer <dir>', 'data folder of a client or provider that does not run')
    .action((address: string, options: ChannelSourceOptions) =>
      showChannel(address, options, context),
    )
  withTarget(channels.command('topup'))
    .description('raise the deposit of an open channel from the wallet')
    .argument('<address>', 'address of the channel')
    .argument('<nano>', 'by so many nanoTON', parseNano)
    .option('--dry-run', 'say what would be sent, and send nothing')
    .action((address: string, nano: bigint, options: MoneyOptions) =>
      topUpChannel(address, nano, options, context),
    )
  withTarget(channels.command('close'))
    .description('close one channel: together with its provider, else alone')
    .argument('<address>', 'address of the channel')
    .option('--dry-run', 'say who would get what, and send nothing')
    .action((address: string, options: MoneyOptions) => closeChannel(address, options, context))
  auditCommand(channels, context)
}

async function listChannels(options: ChannelSourceOptions, context: CliContext): Promise<void> {
  const { output, coins } = context
  const channels = await readChannels(options, context)
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
  options: ChannelSourceOptions,
  context: CliContext,
): Promise<void> {
  const { output } = context
  const channel = (await readChannels(options, context)).find((one) => one.address === address)
  if (channel === undefined) throw unknownChannel(address)
  if (options.json) output.json(channel)
  else output.result(channelText(channel, context))
}

function unknownChannel(address: string): ConfigError {
  return new ConfigError('NOT_FOUND', `there is no channel ${address} here`, {
    remedy: '`cocoon channels list` shows their addresses.',
  })
}

function channelText(channel: ChannelDocument, { coins }: CliContext): string {
  return pairs([
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
  ])
}

async function topUpChannel(
  address: string,
  amountNano: bigint,
  options: MoneyOptions,
  context: CliContext,
): Promise<void> {
  const { output, coins, settings } = context
  const api = localApi(options, settings)
  if (!options.dryRun) {
    const channel = await api.topUpChannel(address, amountNano)
    if (options.json) return output.json(channel)
    return output.result(channelText(channel, context))
  }
  const depositNano = BigInt((await api.channel(address)).depositedNano)
  const plan = {
    ...{ dryRun: true, channel: address, amountNano },
    // What the operation does not cost comes back.
    attachedNano: TOP_UP_ATTACHED_NANO,
    depositAfterNano: depositNano + amountNano,
  }
  if (options.json) return output.json(plan)
  output.result(
    pairs([
      ['would deposit', coins(amountNano)],
      ['would attach', `${coins(TOP_UP_ATTACHED_NANO)}, of which the excess comes back`],
      ['deposit then', coins(plan.depositAfterNano)],
    ]),
  )
}

async function closeChannel(
  address: string,
  options: MoneyOptions,
  context: CliContext,
): Promise<void> {
  const { output, coins, settings } = context
  const api = localApi(options, settings)
  if (options.dryRun) {
    const plan = closePlan(await api.channel(address))
    if (options.json) return output.json(plan)
    return output.result(
      pairs([
        ['together', `${coins(plan.togetherPaidNano)} paid, ${coins(plan.togetherBackNano)} back`],
        ['alone', `${coins(plan.alonePaidNano)} paid, ${coins(plan.aloneBackNano)} back`],
      ]),
    )
  }
  const settled = await api.closeChannel(address)
  if (options.json) return output.json(settled)
  output.result(
    pairs([
      ['channel', settled.channel],
      ['deposited', coins(BigInt(settled.depositedNano))],
      ['paid', coins(BigInt(settled.claimedNano))],
      ['back', coins(BigInt(settled.refundedNano))],
      ['fees', coins(BigInt(settled.feesNano))],
    ]),
  )
}

/** Together the provider keeps what was used; alone it may claim its last voucher first. */
function closePlan(channel: ChannelDocument) {
  const depositNano = BigInt(channel.depositedNano)
  const claimedNano = BigInt(channel.claimedNano)
  const paid = (nano: bigint): bigint => (nano > claimedNano ? nano : claimedNano)
  const togetherPaidNano = paid(BigInt(channel.usedNano))
  const alonePaidNano = paid(BigInt(channel.voucherNano))
  return {
    ...{ dryRun: true, channel: channel.address, togetherPaidNano, alonePaidNano },
    togetherBackNano: depositNano - togetherPaidNano,
    aloneBackNano: depositNano - alonePaidNano,
  }
}

function parseNano(text: string): bigint {
  if (/^[1-9][0-9]{0,18}$/.test(text)) return BigInt(text)
  throw new InvalidArgumentError('a whole number of nanoTON above zero')
}

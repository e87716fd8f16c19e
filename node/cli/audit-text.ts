/** An audit for people: where each channel's coins came from and went, and what does not add up. */
import type { AccountView, AuditReport, ChannelAudit, DepositView } from '#node/audit/report.ts'
import { counted, pairs } from '#node/text.ts'

export function auditText(report: AuditReport, coins: (nano: bigint) => string): string {
  const { channels, deposit, account, usedNano, unexplainedNano, isExplained } = report
  const blocks = channels.map((channel) => channelText(channel, coins))
  const verdict = isExplained
    ? 'every nanoTON is explained'
    : `NOT EXPLAINED: ${unexplainedNano} nano`
  const total = pairs([
    ['total', counted(channels.length, 'channel')],
    ...depositRows(deposit, usedNano, coins),
    ...accountRows(account, coins),
    ['verdict', verdict],
  ])
  return [...blocks, total].join('\n\n')
}

function channelText(channel: ChannelAudit, coins: (nano: bigint) => string): string {
  const { requests, discrepancies } = channel
  return pairs([
    ['channel', `${channel.channel} (${channel.role}, ${channel.status})`],
    ['with', channel.counterparty],
    ...depositRows(channel.deposit, channel.usedNano, coins),
    ...accountRows(channel.account, coins),
    ...requests.map(
      (one) =>
        [
          one.isFinal ? `receipt ${one.leafIndex}` : 'running',
          `${coins(one.usedNano)} for ${one.promptTokens} + ${one.completionTokens} tokens, ${one.requestId}`,
        ] as const,
    ),
    ...discrepancies.map(
      ({ reason, nano }) => ['DIFFERENCE', `${nano} nanoTON: ${reason}`] as const,
    ),
  ])
}

type Row = readonly [string, string]

function depositRows(
  deposit: DepositView,
  usedNano: bigint,
  coins: (nano: bigint) => string,
): Row[] {
  return [
    ['deposited', coins(deposit.depositedNano)],
    [
      '= paid',
      `${coins(deposit.paidForReceiptsNano)} for receipts, ${coins(deposit.paidAheadNano)} ahead`,
    ],
    ['+ refunded', coins(deposit.refundedNano)],
    ['+ in channel', coins(deposit.unusedNano)],
    ['used', `${coins(usedNano)} by receipts`],
  ]
}

function accountRows(account: AccountView, coins: (nano: bigint) => string): Row[] {
  const backNano = account.returnedNano + account.rentReturnedNano
  return [
    ['brought', coins(account.broughtNano)],
    ['= paid, refunded', coins(account.paidNano + account.refundedNano)],
    ['+ back', coins(backNano)],
    ['+ fees, rent', `${coins(account.feesNano)}, ${coins(account.rentNano)}`],
    ['+ held', coins(account.heldNano)],
  ]
}

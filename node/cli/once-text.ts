/** What `--once` tells people on the way. */
import type {
  OfferDocument,
  RequestDocument,
  SettlementDocument,
} from '#node/gateway/api-schema.ts'
import { type Coins, table } from '#node/text.ts'
import { verdictLine, verdictTable } from './verdict-text.ts'

type NameOf = (provider: string) => string

export function offersText(offers: readonly OfferDocument[], coins: Coins, nameOf: NameOf): string {
  const text = table(offers, [
    { title: 'OFFER OF', cell: (offer) => nameOf(offer.provider) },
    { title: 'TIER', cell: (offer) => offer.tier },
    { title: 'PROMPT/MTOK', cell: (o) => coins(BigInt(o.promptNanoPerMtok)), align: 'right' },
    {
      title: 'COMPLETION/MTOK',
      cell: (o) => coins(BigInt(o.completionNanoPerMtok)),
      align: 'right',
    },
    { title: 'FREE', cell: (offer) => `${offer.slotsFree}/${offer.slotsTotal}`, align: 'right' },
  ])
  return `\n${text}`
}

export function requestText(request: RequestDocument, coins: Coins, nameOf: NameOf): string {
  const ranking = table(request.offers, [
    { title: 'RANK', cell: (offer) => (offer.accepted ? String(offer.rank) : '-'), align: 'right' },
    { title: 'PROVIDER', cell: (offer) => nameOf(offer.provider) },
    { title: 'ESTIMATE', cell: (o) => coins(BigInt(o.estimatedPriceNano)), align: 'right' },
    { title: 'WHY', cell: (offer) => offer.reasons.join('; ') },
  ])
  const { promptTokens, completionTokens } = request.usage
  const { discoverMs, attestMs, fundMs, firstTokenMs, totalMs } = request.timings
  return [
    '',
    `chosen   ${nameOf(request.provider)}: ${request.reason}`,
    ranking,
    '',
    `verdict  ${verdictLine(request.verdict)}`,
    verdictTable(request.verdict.steps),
    '',
    `engine   ${request.engine}`,
    `price    ${coins(BigInt(request.priceNano))} for ${promptTokens} + ${completionTokens} tokens`,
    `timings  discover ${discoverMs} ms, attest ${attestMs} ms, fund ${fundMs} ms, first token ${firstTokenMs} ms, total ${totalMs} ms`,
    '',
  ].join('\n')
}

export function settlementText(settled: SettlementDocument, coins: Coins): string {
  const amount = (nano: string) => coins(BigInt(nano))
  return [
    `settled  ${settled.channel}`,
    `         deposited ${amount(settled.depositedNano)}, claimed ${amount(settled.claimedNano)}, refunded ${amount(settled.refundedNano)}, fees ${amount(settled.feesNano)}`,
    `         receipts root ${settled.receiptsRoot}`,
  ].join('\n')
}

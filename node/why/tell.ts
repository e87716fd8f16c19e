/** A story in words: what was offered, chosen, checked and paid, and why it ended as it did. */
import { type Coins, pairs, shortAddress, shortProvider, table } from '#node/text.ts'
import type { Story, StoryAttempt } from './story.ts'

export function tellStory(story: Story, coins: Coins): string {
  const { offers, attempts } = story
  const parts = [
    head(story),
    offers.length === 0 ? 'Offers: none was in the book.' : `Offers\n${offersTable(story, coins)}`,
    ...attempts.map((attempt, index) => tellAttempt(attempt, index + 1, coins)),
    `Money\n${money(story, coins)}`,
    `Timings\n${timings(story)}`,
  ]
  return parts.join('\n\n')
}

/** One line of a list. */
export function storyLine(story: Story): readonly [string, string, string, string] {
  const why = story.problem?.code ?? story.attempts.at(-1)?.provider ?? ''
  return [new Date(story.atMs).toISOString(), story.id, story.state, shortProvider(why)]
}

function head(story: Story): string {
  const { asked, state, problem } = story
  const prompt =
    asked.promptTokens === null ? 'unread prompt' : `${asked.promptTokens} prompt tokens`
  const lines: [string, string][] = [
    ['request', story.attempts.findLast((one) => one.requestId !== null)?.requestId ?? story.id],
    [
      'asked',
      `${new Date(story.atMs).toISOString()}, ${story.model}, ${prompt}, ${asked.maxTokens} new at most`,
    ],
    ['outcome', problem === null ? OUTCOMES[state] : `failed: ${problem.message}`],
  ]
  if (problem !== null) lines.push(['code', problem.code], ['remedy', problem.remedy])
  if (story.receipt !== null) lines.push(['receipt', story.receipt.file])
  return pairs(lines)
}

const OUTCOMES: Record<Story['state'], string> = {
  answered: 'answered',
  failed: 'failed',
  cancelled: 'cancelled by the caller',
  running: 'still running, or its client was killed in the middle',
}

function offersTable({ offers, attempts, offersSeen }: Story, coins: Coins): string {
  const asked = new Set(attempts.map(({ provider }) => provider))
  const text = table(offers, [
    { title: 'RANK', cell: ({ rank }) => String(rank), align: 'right' },
    { title: 'PROVIDER', cell: ({ provider }) => shortProvider(provider) },
    {
      title: 'ESTIMATE',
      cell: ({ estimatedNano }) => coins(BigInt(estimatedNano)),
      align: 'right',
    },
    { title: 'ASKED', cell: ({ provider }) => (asked.has(provider) ? 'yes' : 'no') },
    { title: 'WHY', cell: ({ reasons }) => reasons.join('; ') },
  ])
  const more = offersSeen - offers.length
  return more > 0 ? `${text}\n(${more} more)` : text
}

function tellAttempt(attempt: StoryAttempt, number: number, coins: Coins): string {
  const { provider, outcome, problem, verdict, channel } = attempt
  const lines: [string, string][] = [
    ['provider', `${shortProvider(provider)}: ${attempt.reasons.join('; ')}`],
    ['outcome', problem === null ? outcome : `${outcome}: ${problem.code}, ${problem.message}`],
  ]
  if (attempt.requestId !== null) lines.push(['on the wire', attempt.requestId])
  if (verdict !== null) {
    const failed = verdict.failed.length === 0 ? '' : `, refused at ${verdict.failed.join(', ')}`
    const word = verdict.ok ? 'good' : 'REFUSED'
    lines.push(['verdict', `${word}, tier ${verdict.tier}, ${verdict.steps} steps${failed}`])
  }
  if (channel !== null) {
    lines.push([
      'channel',
      `${shortAddress(channel)}, vouchers now ${coins(BigInt(attempt.voucherNano))}`,
    ])
  }
  if (attempt.requestId !== null) lines.push(['tokens', tokens(attempt)])
  lines.push(['used', coins(BigInt(attempt.usedNano))], ['time', spans(attempt)])
  return `Attempt ${number}\n${pairs(lines)}`
}

function tokens({ tokens: made, resumedTokens }: StoryAttempt): string {
  return resumedTokens === 0 ? `${made}` : `${made}, after ${resumedTokens} that were there already`
}

function spans({ startedMs, attestMs, fundMs, endedMs }: StoryAttempt): string {
  const end = endedMs === null ? 'not ended' : `ended at ${endedMs} ms`
  return `chosen at ${startedMs} ms, evidence ${attestMs} ms, funding ${fundMs} ms, ${end}`
}

function money({ asked, money: { estimatedNano, usedNano } }: Story, coins: Coins): string {
  return pairs([
    ['estimate', `${coins(BigInt(estimatedNano))} at most, by the first choice`],
    ['cap', asked.capNano === null ? 'of the client' : coins(BigInt(asked.capNano))],
    ['used', coins(BigInt(usedNano))],
    ['chain fees', 'of channels, not of requests: `cocoon channels audit`'],
  ])
}

function timings({ timings: { discoverMs, firstTokenMs, totalMs } }: Story): string {
  return pairs([
    ['choice', `${discoverMs} ms`],
    ['first token', firstTokenMs === null ? '-' : `${firstTokenMs} ms`],
    ['total', totalMs === null ? '-' : `${totalMs} ms`],
  ])
}

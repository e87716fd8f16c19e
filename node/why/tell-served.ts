/** A provider's story in words: who asked, what was read, made, signed and paid, and why it ended. */
import { type Coins, pairs, shortAddress } from '#node/text.ts'
import type { ServedStop, ServedStory } from './served-story.ts'

export function tellServedStory(story: ServedStory, coins: Coins): string {
  const parts = [
    `${head(story)}`,
    `Work\n${work(story)}`,
    `Money\n${money(story, coins)}`,
    `Timings\n${timings(story)}`,
  ]
  return parts.join('\n\n')
}

/** One line of a list. */
export function servedStoryLine(story: ServedStory): readonly [string, string, string, string] {
  const why = story.problem?.code ?? story.stop ?? story.client
  return [new Date(story.atMs).toISOString(), story.id, story.state, why]
}

const OUTCOMES: Record<ServedStory['state'], string> = {
  running: 'still running, or this provider was killed in the middle',
  answered: 'answered',
  cancelled: 'ended early',
  failed: 'the engine gave it up',
  broken: 'broken off',
  refused: 'refused',
}

const STOP_WORDS: Record<ServedStop, string> = {
  'client-cancelled': 'the client cancelled it',
  'client-stopped-paying': 'the client paid no further',
  'session-over': 'its session ended first',
  'keys-over': 'the keys of its session had their time',
  engine: 'the engine failed',
  disputed: 'the channel is in dispute',
}

function head(story: ServedStory): string {
  const { asked, state, stop, problem, receipt } = story
  const resumed = asked.resumedTokens === 0 ? '' : ` (${asked.resumedTokens} of an earlier answer)`
  const most = asked.maxTokens === null ? '' : `, ${asked.maxTokens} new at most`
  const why = stop === null ? '' : `: ${STOP_WORDS[stop]}`
  const lines: [string, string][] = [
    ['request', story.id],
    ['served to', story.client],
    [
      'asked',
      `${new Date(story.atMs).toISOString()}, ${story.model}, ${asked.promptTokens} prompt tokens${resumed}${most}`,
    ],
    ['outcome', `${OUTCOMES[state]}${why}`],
  ]
  if (problem !== null) {
    lines.push(['code', `${problem.code}, ${problem.message}`], ['remedy', problem.remedy])
  }
  lines.push([
    'receipt',
    receipt === null
      ? 'none: the last checkpoint stands for it'
      : `${receipt.id.slice(0, 32)}, leaf ${receipt.leafIndex}, ${receipt.finish}`,
  ])
  return pairs(lines)
}

function work({ signed }: ServedStory): string {
  return pairs([
    ['prompt', `${signed.promptTokens} tokens, ${signed.cachedTokens} of them cached`],
    ['completion', `${signed.completionTokens} tokens`],
    ['checkpoints', `${signed.checkpoints}`],
  ])
}

function money({ signed, money: paid, channel }: ServedStory, coins: Coins): string {
  return pairs([
    ['earned', coins(BigInt(signed.usedNano))],
    ['allocated', `${coins(BigInt(paid.allocatedNano))} to this request`],
    ['channel', `${shortAddress(channel)}, vouchers then ${coins(BigInt(paid.voucherNano))}`],
  ])
}

function timings({ timings: { paidMs, firstTokenMs, totalMs } }: ServedStory): string {
  const span = (ms: number | null) => (ms === null ? '-' : `${ms} ms`)
  return pairs([
    ['first payment', span(paidMs)],
    ['first token', span(firstTokenMs)],
    ['total', span(totalMs)],
  ])
}

/** One line of the history: what was asked of whom, for how much; without a word of it. */
import type { ReceiptView } from '#node/roles/client-service.ts'
import type { Story } from '#node/why/story.ts'

/** In the order of the columns; amounts are whole nanoTON as text. */
export interface HistoryEntry {
  readonly time: string
  readonly request: string
  readonly outcome: string
  readonly model: string
  readonly provider: string
  readonly tier: string
  readonly promptTokens: number
  readonly cachedTokens: number
  readonly completionTokens: number
  readonly usedNano: string
  readonly finish: string
  readonly receipt: string
  readonly channel: string
  readonly code: string
}

export const HISTORY_COLUMNS = [
  'time',
  'request',
  'outcome',
  'model',
  'provider',
  'tier',
  'promptTokens',
  'cachedTokens',
  'completionTokens',
  'usedNano',
  'finish',
  'receipt',
  'channel',
  'code',
] as const satisfies readonly (keyof HistoryEntry)[]

type Receipt = Omit<ReceiptView, 'usedNano'> & {
  readonly usedNano: bigint | string
  readonly cachedTokens?: number
}

export interface HistorySource {
  readonly stories: readonly Story[]
  readonly receipts: readonly Receipt[]
}

/**
 * Oldest first: every receipt, since each is money, and every request that left none.
 * @param sinceMs entries before it are left out
 */
export function historyEntries(
  { stories, receipts }: HistorySource,
  sinceMs: number,
): readonly HistoryEntry[] {
  const byReceipt = new Map(stories.map((story) => [story.receipt?.id, story]))
  const known = new Set(receipts.map(({ id }) => id))
  const paid = receipts.map((receipt) => ({
    atMs: receipt.createdAtMs,
    entry: ofReceipt(receipt, byReceipt.get(receipt.id)),
  }))
  const unpaid = stories
    .filter(({ receipt }) => receipt === null || !known.has(receipt.id))
    .map((story) => ({ atMs: story.atMs, entry: ofStory(story) }))
  return [...paid, ...unpaid]
    .filter(({ atMs }) => atMs >= sinceMs)
    .sort((a, b) => a.atMs - b.atMs)
    .map(({ entry }) => entry)
}

function ofReceipt(receipt: Receipt, story: Story | undefined): HistoryEntry {
  const attempt = story?.attempts.find(({ outcome }) => outcome === 'answered')
  return {
    time: new Date(receipt.createdAtMs).toISOString(),
    request: attempt?.requestId ?? '',
    // A receipt without a story of its own is of an attempt that another provider took over.
    outcome: story?.state ?? 'receipt',
    model: receipt.model,
    provider: receipt.provider,
    tier: attempt?.verdict?.tier ?? '',
    promptTokens: receipt.promptTokens,
    cachedTokens: receipt.cachedTokens ?? story?.usage?.cachedTokens ?? 0,
    completionTokens: receipt.completionTokens,
    usedNano: `${receipt.usedNano}`,
    finish: receipt.finish,
    receipt: receipt.id,
    channel: receipt.channel,
    code: '',
  }
}

/** What it used, if anything, is in the receipts of its attempts: counted once. */
function ofStory(story: Story): HistoryEntry {
  const attempt = story.attempts.at(-1)
  return {
    time: new Date(story.atMs).toISOString(),
    request: attempt?.requestId ?? story.id,
    outcome: story.state,
    model: story.model,
    provider: attempt?.provider ?? '',
    tier: attempt?.verdict?.tier ?? '',
    promptTokens: story.asked.promptTokens ?? 0,
    cachedTokens: 0,
    completionTokens: 0,
    usedNano: '0',
    finish: '',
    receipt: '',
    channel: attempt?.channel ?? '',
    code: story.problem?.code ?? '',
  }
}

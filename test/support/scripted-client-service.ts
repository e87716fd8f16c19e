/** A ClientService whose answers a test scripts; it records what it was asked. */
import type { Verdict } from '#attestation/types.ts'
import { reportOf } from '#node/audit/report.ts'
import type {
  ChatEvent,
  ChatRequest,
  ChatResult,
  ClientService,
  EstimateView,
  JobLine,
  JobLineResult,
  JobView,
  ModelView,
  Spent,
} from '#node/roles/client-service.ts'
import type { NodeEvent } from '#node/roles/events.ts'
import type { SpendingView } from '#node/spending/spending.ts'
import type { Story } from '#node/why/story.ts'

export const VERDICT: Verdict = {
  evidenceKind: 'tdx',
  tier: 'simulated',
  ok: true,
  steps: [
    {
      name: 'quote-signature',
      term: 'quote signature',
      evidence: 'quote',
      status: 'passed',
      found: 'valid',
      required: 'valid',
      reference: 'TDX DCAP 1.20, 3.1',
      detail: 'signed by the attestation key',
    },
  ],
}

export function chatResult(over: Partial<ChatResult> = {}): ChatResult {
  return {
    requestId: '0123456789abcdef0123456789abcdef',
    text: 'Hello there.',
    toolCalls: [],
    finish: 'stop',
    usage: { promptTokens: 9, cachedTokens: 2, completionTokens: 3 },
    priceNano: 12_345n,
    provider: 'provider-2',
    model: 'cocoon/demo',
    engine: 'scripted engine',
    tier: 'simulated',
    reason: 'cheapest of 3 that meet the policy',
    offers: [
      {
        provider: 'provider-2',
        rank: 1,
        accepted: true,
        reasons: ['cheapest'],
        estimatedPriceNano: 12_000n,
      },
      {
        provider: 'provider-1',
        rank: 2,
        accepted: true,
        reasons: ['dearer'],
        estimatedPriceNano: 15_000n,
      },
    ],
    verdict: VERDICT,
    receiptId: 'receipt-1',
    receiptFile: '/tmp/receipt-1.cocoon-receipt',
    channel: '0:aa',
    timings: { discoverMs: 1, attestMs: 2, fundMs: 3, firstTokenMs: 4, totalMs: 5 },
    ...over,
  }
}

/** Half of the tokens asked for, at the price of the offer below. */
export function estimateView({ maxTokens }: ChatRequest): EstimateView {
  return {
    promptTokens: 9,
    completionTokensMax: maxTokens,
    offers: chatResult().offers,
    maxPriceNano: 12_000n,
    expectedPriceNano: 6_000n,
    expectedCompletionTokens: Math.ceil(maxTokens / 2),
    dearestPriceNano: 15_000n,
  }
}

/** Tells what was spent once the script is over: the price of its result, or nothing. */
async function* billed(
  events: AsyncIterable<ChatEvent>,
  onSpent: ((spent: Spent) => void) | undefined,
): AsyncGenerator<ChatEvent> {
  let spent: Spent = { priceNano: 0n, promptTokens: 0, completionTokens: 0 }
  try {
    for await (const event of events) {
      if (event.kind === 'done') {
        const { priceNano, usage } = event.result
        const { promptTokens, completionTokens } = usage
        spent = { priceNano, promptTokens, completionTokens }
      }
      yield event
    }
  } finally {
    onSpent?.(spent)
  }
}

export type ChatScript = (request: ChatRequest, signal: AbortSignal) => AsyncIterable<ChatEvent>

/** Routes, sends the pieces, ends. */
export async function* answerWith(pieces: readonly string[]): AsyncGenerator<ChatEvent> {
  const result = chatResult({ text: pieces.join('') })
  const { requestId, provider, tier } = result
  yield { kind: 'routed', requestId, provider, tier }
  for (const text of pieces) yield { kind: 'text', text, tokens: 1 }
  yield { kind: 'done', result }
}

/** Routes, sends the whole result as one text and one event for each call, ends. */
export async function* answerOf(over: Partial<ChatResult>): AsyncGenerator<ChatEvent> {
  const result = chatResult(over)
  const { requestId, provider, tier, text, logprobs, toolCalls } = result
  yield { kind: 'routed', requestId, provider, tier }
  yield { kind: 'text', text, tokens: 1, ...(logprobs === undefined ? {} : { logprobs }) }
  for (const [index, call] of toolCalls.entries()) yield { kind: 'tool-call', index, call }
  yield { kind: 'done', result }
}

export class ScriptedClientService implements ClientService {
  readonly name = 'client-1'
  readonly peerId = '12D3KooWTest'
  readonly walletAddress = '0:cc'
  readonly asked: ChatRequest[] = []
  readonly estimated: ChatRequest[] = []
  readonly submitted: JobLine[][] = []
  readonly cancelled: string[] = []
  estimateScript: (request: ChatRequest) => EstimateView = estimateView
  settled = 0
  chatScript: ChatScript = () => answerWith(['Hello', ' there', '.'])
  eventScript: (signal: AbortSignal) => AsyncIterable<NodeEvent> = async function* () {}

  async models(): Promise<readonly ModelView[]> {
    const root = 'ab'.repeat(32)
    return [{ id: 'cocoon/demo', kind: 'chat', root, providers: 3, contextTokens: 256 }]
  }

  offers() {
    return [
      {
        provider: 'provider-2',
        peerId: '12D3KooWTwo',
        modelId: 'cocoon/demo',
        modelRoot: 'ab'.repeat(32),
        tier: 'simulated' as const,
        promptNanoPerMtok: 50_000_000n,
        cachedNanoPerMtok: 5_000_000n,
        completionNanoPerMtok: 100_000_000n,
        slotsFree: 3,
        slotsTotal: 4,
        queued: 0,
        latencyMs: undefined,
        expiresAtMs: 1_000,
      },
    ]
  }

  chat(
    request: ChatRequest,
    signal: AbortSignal,
    onSpent?: (spent: Spent) => void,
  ): AsyncIterable<ChatEvent> {
    this.asked.push(request)
    return billed(this.chatScript(request, signal), onSpent)
  }

  embed(..._: Parameters<ClientService['embed']>): ReturnType<ClientService['embed']> {
    throw new Error('this script has no vectors')
  }

  estimateEmbedding(
    ..._: Parameters<ClientService['estimateEmbedding']>
  ): ReturnType<ClientService['estimateEmbedding']> {
    throw new Error('this script has no vectors')
  }

  async estimate(request: ChatRequest): Promise<EstimateView> {
    this.estimated.push(request)
    return this.estimateScript(request)
  }

  spending(): SpendingView {
    return {
      day: '2026-11-23',
      spentNano: 12_345n,
      heldNano: 0n,
      perRequestNano: undefined,
      perDayNano: 1_000_000n,
      perProviderDayNano: undefined,
      providers: [{ provider: 'provider-2', spentNano: 12_345n, heldNano: 0n }],
    }
  }

  receipts() {
    return [
      {
        id: 'receipt-1',
        channel: '0:aa',
        provider: 'provider-2',
        leafIndex: 0,
        model: 'cocoon/demo',
        promptTokens: 9,
        completionTokens: 3,
        usedNano: 12_345n,
        finish: 'stop',
        file: '/tmp/receipt-1.cocoon-receipt',
        createdAtMs: 1_700_000_000_000,
      },
    ]
  }

  stories(): readonly Story[] {
    return []
  }

  async channels() {
    return [
      {
        address: '0:aa',
        role: 'client' as const,
        counterparty: 'provider-2',
        status: 'open' as const,
        depositedNano: 10n ** 18n,
        voucherNano: 20_000n,
        usedNano: 12_345n,
        claimedNano: 0n,
        leafCount: 1,
        receiptsRoot: 'cd'.repeat(32),
        expiresAt: 2_000_000_000,
      },
    ]
  }

  async topUpChannel(_address: string, amountNano: bigint) {
    const [channel] = await this.channels()
    return { ...channel!, depositedNano: channel!.depositedNano + amountNano }
  }

  async closeChannel() {
    return (await this.settle())[0]
  }

  async audit() {
    return reportOf([])
  }

  async submitJob(_model: string, lines: readonly JobLine[]): Promise<JobView> {
    this.submitted.push([...lines])
    return this.jobs()[0]!
  }

  jobs(): JobView[] {
    return [
      {
        id: 'job-1',
        status: 'done',
        model: 'cocoon/demo',
        lines: 1,
        linesDone: 1,
        spentNano: 99n,
        bids: [
          { provider: 'provider-2', priceNano: 99n, finishInMs: 1_000, tier: 'simulated' as const },
        ],
        winner: 'provider-2',
        error: undefined,
      },
    ]
  }

  cancelJob(id: string): void {
    this.cancelled.push(id)
  }

  async jobEnded(): Promise<void> {}

  jobResults(id: string): readonly JobLineResult[] | undefined {
    if (id !== 'job-1') return undefined
    return [
      {
        index: 0,
        customId: 'a',
        text: 'Answer.',
        finish: 'stop',
        receiptId: 'receipt-2',
        usage: { promptTokens: 4, cachedTokens: 0, completionTokens: 2 },
        error: undefined,
      },
    ]
  }

  async settle() {
    this.settled++
    return [
      {
        channel: '0:aa',
        depositedNano: 100n,
        claimedNano: 40n,
        refundedNano: 60n,
        receiptsRoot: 'cd'.repeat(32),
        feesNano: 7n,
      },
    ]
  }

  events(signal: AbortSignal): AsyncIterable<NodeEvent> {
    return this.eventScript(signal)
  }

  async stop(): Promise<void> {}
}

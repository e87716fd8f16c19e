/**
 * `cocoon testnet --once`: one question through the client's OpenAI API, as any program would ask it,
 * a small batch job, the settlement, and a receipt that can be verified after exit.
 */
import { setTimeout as wait } from 'node:timers/promises'
import type {
  JobDocument,
  JobLineResultDocument,
  RequestDocument,
  SettlementDocument,
} from '#node/gateway/api-schema.ts'
import { LocalApi } from '#node/gateway/local-api-client.ts'
import { snapshotFileOf, writeChainSnapshot } from '#node/testnet/chain-snapshot.ts'
import { JOB_POLL_MS, JOB_TIMEOUT_MS } from '#node/testnet/constants.ts'
import type { RunningTestnet } from '#node/testnet/testnet.ts'
import { UnavailableError } from '#protocol/errors.ts'
import type { CliContext } from './context.ts'
import { offersText, requestText, settlementText } from './once-text.ts'
import type { Say, Telling } from './telling.ts'

const QUESTION = 'What is Cocoon?'
const JOB_PROMPTS = ['What is Cocoon?', 'How are providers paid?', 'What is a receipt?'] as const
const JOB_TOKENS_MAX = 64

export interface OnceOptions {
  readonly question?: string
  readonly json?: boolean
}

export interface OnceDocument {
  readonly answer: string
  readonly model: string
  readonly engine: string
  readonly route: Pick<RequestDocument, 'provider' | 'reason' | 'offers'>
  readonly verdict: RequestDocument['verdict']
  readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number }
  readonly priceNano: string
  readonly timings: RequestDocument['timings']
  readonly receipt: { readonly id: string; readonly file: string; readonly snapshot: string }
  readonly chain: SettlementDocument
  readonly job: {
    readonly id: string
    readonly bids: JobDocument['bids']
    readonly winner: string | null
    readonly results: readonly JobLineResultDocument[]
  }
}

/**
 * @throws UnavailableError JOB_LATE, SETTLEMENT_MISSING, and whatever the request or the job failed with
 */
export async function runOnce(
  testnet: RunningTestnet,
  options: OnceOptions,
  context: CliContext,
  { say, nameOf }: Telling,
): Promise<OnceDocument> {
  const api = new LocalApi(testnet.apiUrl)
  const signal = context.interrupts.first
  const offers = await api.offers()
  say(offersText(offers, context.coins, nameOf))
  const { answer, request } = await ask(api, testnet, options, context, say)
  say(requestText(request, context.coins, nameOf))
  const job = await runJob(api, testnet.model.id, signal, { say, nameOf })
  say('settling: channels close, receipts are anchored')
  const settled = await testnet.settle()
  for (const settlement of settled) say(settlementText(settlement, context.coins))
  const chain = settled.find(({ channel }) => channel === request.channel)
  if (chain === undefined) {
    throw new UnavailableError('SETTLEMENT_MISSING', 'the channel of the answer was not settled')
  }
  const snapshot = await saveSnapshot(testnet, request.receiptFile)
  say(`receipt  ${request.receiptFile}\nverify   ./cocoon receipts verify ${request.receiptFile}`)
  return {
    answer,
    model: request.model,
    engine: request.engine,
    route: { provider: request.provider, reason: request.reason, offers: request.offers },
    verdict: request.verdict,
    usage: {
      prompt_tokens: request.usage.promptTokens,
      completion_tokens: request.usage.completionTokens,
    },
    priceNano: request.priceNano,
    timings: request.timings,
    receipt: { id: request.receiptId, file: request.receiptFile, snapshot },
    chain,
    job,
  }
}

async function ask(
  api: LocalApi,
  testnet: RunningTestnet,
  options: OnceOptions,
  { interrupts, output }: CliContext,
  say: Say,
): Promise<{ answer: string; request: RequestDocument }> {
  const question = options.question ?? QUESTION
  say(`\n> ${question}\n`)
  const messages = [{ role: 'user', content: question }] as const
  const stream = await api.chat({ model: testnet.model.id, messages }, interrupts.first)
  let answer = ''
  for await (const text of stream.deltas) {
    answer += text
    // With --json the whole answer is in the document; stdout must hold nothing else.
    if (!options.json) output.piece(text)
  }
  say(options.json ? answer : '')
  return { answer, request: await api.request(stream.requestId) }
}

async function runJob(
  api: LocalApi,
  model: string,
  signal: AbortSignal,
  { say, nameOf }: Telling,
): Promise<OnceDocument['job']> {
  const lines = JOB_PROMPTS.map((prompt, index) => ({
    custom_id: `line-${index + 1}`,
    prompt,
    max_tokens: JOB_TOKENS_MAX,
  }))
  const submitted = await api.submitJob({ model, lines })
  const done = await jobEnd(api, submitted.id, signal)
  const results = await api.jobResults(done.id)
  say(
    `job ${done.id}: ${done.bids.length} bids, ${done.winner === null ? 'nobody' : nameOf(done.winner)} won, ${done.linesDone} of ${done.lines} lines done`,
  )
  return { id: done.id, bids: done.bids, winner: done.winner, results }
}

async function jobEnd(api: LocalApi, id: string, signal: AbortSignal): Promise<JobDocument> {
  const late = AbortSignal.timeout(JOB_TIMEOUT_MS)
  while (!late.aborted) {
    const job = await api.job(id)
    if (job.status === 'done') return job
    if (job.status === 'failed') {
      throw new UnavailableError('JOB_FAILED', `the job failed: ${job.error ?? 'unknown'}`)
    }
    await wait(JOB_POLL_MS, undefined, { signal })
  }
  throw new UnavailableError('JOB_LATE', `the job did not end within ${JOB_TIMEOUT_MS} ms`)
}

/** Taken after the settlement, so that the root of the receipts is on the saved chain. */
async function saveSnapshot(testnet: RunningTestnet, receiptFile: string): Promise<string> {
  const file = snapshotFileOf(receiptFile)
  writeChainSnapshot(file, testnet.network, await testnet.chain().snapshot())
  return file
}

/** A client's jobs with a SIMULATED auction and answers: what is billed, and how a job is cancelled. */
import { expect, it, onTestFinished } from 'vitest'
import { systemClock } from '#node/clock.ts'
import { ClientJobs, type JobsComponents } from '#node/roles/client/jobs.ts'
import type { ChatRequest } from '#node/roles/client-service.ts'
import { openPeerStore } from '#node/store/sqlite-store.ts'
import { UnavailableError } from '#protocol/errors.ts'
import { answerWith } from '../support/scripted-client-service.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const line = (customId: string) => ({
  customId,
  messages: [{ role: 'user' as const, content: customId }],
  maxTokens: 4,
})

const PRICES = { promptNanoPerMtok: 1n, cachedNanoPerMtok: 1n, completionNanoPerMtok: 1n }

function startJobs(chatWith: JobsComponents['chatWith']) {
  const dataDir = temporaryFolder()
  const store = openPeerStore(dataDir)
  const model = { id: 'm', root: new Uint8Array(32), rootHex: '00', folder: undefined }
  const outcome = { bids: [], winner: { provider: 'p', bid: { contents: { prices: PRICES } } } }
  const jobs = new ClientJobs({
    ...{ clock: systemClock, store, dataDir, emit: () => undefined, offers: () => [], chatWith },
    models: { find: () => model, load: async () => ({ tokenizer: { encodeChat: () => [1, 2] } }) },
    auctions: {
      auction: async (_spec: object, { onAnnounced }: { onAnnounced: (job: object) => void }) => {
        onAnnounced({ hash: new Uint8Array(32).fill(7) })
        return outcome
      },
    },
  } as unknown as JobsComponents)
  onTestFinished(async () => {
    await jobs.stop()
    store.close()
  })
  return jobs
}

it('adds up what the lines were billed, failed ones included', async () => {
  const asked: ChatRequest[] = []
  const jobs = startJobs(async function* (_winner, request, _signal, onSpent) {
    asked.push(request)
    if (request.messages[0]?.content === 'bad') {
      onSpent({ priceNano: 5n, promptTokens: 1, completionTokens: 0 })
      throw new UnavailableError('PROVIDER_GONE', 'gone')
    }
    yield* answerWith(['ok'])
    onSpent({ priceNano: 40n, promptTokens: 2, completionTokens: 1 })
  })
  const sampling = { temperature: 0.5, topP: 0.9, seed: 3n, stop: ['x'] }
  const { id } = await jobs.submit('m', [{ ...line('good'), sampling }, line('bad')], 100n)
  await jobs.ended(id)
  expect(jobs.list()[0]).toMatchObject({ status: 'done', linesDone: 2, spentNano: 45n })
  expect(asked.find(({ seed }) => seed === 3n)).toMatchObject(sampling)
  expect(asked.find(({ seed }) => seed === 0n)).toMatchObject({ temperature: 0, topP: 1, stop: [] })
  const [good, bad] = jobs.results(id) ?? []
  expect(good).toMatchObject({ text: 'ok', usage: { promptTokens: 9, completionTokens: 3 } })
  expect(bad).toMatchObject({ text: undefined, error: 'PROVIDER_GONE' })
})

it('a cancelled job ends its running lines and starts no more', async () => {
  const begun = Promise.withResolvers<void>()
  let started = 0
  const jobs = startJobs(async function* (_winner, _request, signal, onSpent) {
    yield* []
    started++
    begun.resolve()
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    onSpent({ priceNano: 1n, promptTokens: 0, completionTokens: 0 })
    throw signal.reason
  })
  const { id } = await jobs.submit('m', ['a', 'b', 'c', 'd'].map(line), 100n)
  await begun.promise
  jobs.cancel(id)
  await jobs.ended(id)
  expect(started).toBeLessThanOrEqual(2)
  expect(jobs.list()[0]).toMatchObject({
    status: 'failed',
    error: expect.stringContaining('JOB_CANCELLED'),
    spentNano: BigInt(started),
  })
  jobs.cancel(id)
  jobs.cancel('none')
  await jobs.ended('none')
})

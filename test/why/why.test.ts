/** `cocoon why` over real requests: one answered, one refused, one cancelled; also after exit. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { connect, startTestnet, type Testnet } from 'cocoon-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildProgram } from '#node/cli/program.ts'
import { clientHome, withClientStore } from '#node/history/client-home.ts'
import { coinsIn } from '#node/text.ts'
import { readStories } from '#node/why/read-stories.ts'
import type { Story } from '#node/why/story.ts'
import { tellStory } from '#node/why/tell.ts'
import { testContext } from '../support/cli-context.ts'
import { eventually } from '../support/eventually.ts'

const PROMPT = 'What is Cocoon?'
const coins = coinsIn('TON')
let testnet: Testnet
let home: string
let answeredId: string
let stories: readonly Story[]

beforeAll(async () => {
  testnet = await startTestnet({ providers: 2 })
  home = await mkdtemp(path.join(tmpdir(), 'cocoon-why-'))
  const client = await connect({ network: testnet.network, dataDir: home })
  await eventually(() => client.offers().length === 2)
  answeredId = (await client.ask(PROMPT)).requestId
  await client.ask(PROMPT, { maxPriceNano: 1n }).catch(() => undefined)
  await client.ask(PROMPT, { model: 'no-such-model' }).catch(() => undefined)
  for await (const _ of client.stream(PROMPT)) break
  await client.close()
  const place = clientHome({ dataDir: home, dataRoot: home })
  stories = withClientStore(place, (store) => readStories(store))
})

afterAll(async () => {
  await testnet?.stop()
  await rm(home, { recursive: true, force: true })
})

async function why(...parameters: string[]): Promise<string> {
  const { context, stdout } = testContext()
  // No client of this context runs, so its default port must not be another's.
  const words = ['why', '--client', home, ...parameters]
  await buildProgram(context).parseAsync(words, { from: 'user' })
  return stdout()
}

describe('a request that was answered', () => {
  it('tells offers, ranking, choice, verdict, timings and money, by the id on the wire', async () => {
    const story: Story = JSON.parse(await why(answeredId, '--json'))
    expect(story).toMatchObject({ state: 'answered', problem: null, offersSeen: 2 })
    expect(story.names).toContain(answeredId)
    expect(story.offers.map(({ rank, accepted }) => [rank, accepted])).toEqual([
      [1, true],
      [2, true],
    ])
    const [attempt] = story.attempts
    expect(attempt).toMatchObject({
      provider: story.offers[0]?.provider,
      requestId: answeredId,
      outcome: 'answered',
      verdict: { ok: true, tier: 'simulated', failed: [] },
      channel: expect.stringMatching(/^0:[0-9a-f]{64}$/),
    })
    const used = BigInt(story.money.usedNano)
    expect(used > 0n && used <= BigInt(story.money.estimatedNano)).toBe(true)
    expect(BigInt(attempt!.voucherNano)).toBeGreaterThanOrEqual(used)
    expect(story.timings.totalMs).toBeGreaterThanOrEqual(story.timings.firstTokenMs!)
    expect(story.receipt?.file).toMatch(/\.cocoon-receipt$/)
    expect(story.usage?.completionTokens).toBeGreaterThan(3)
  })

  it('is found by a beginning of its id and by its receipt, and told in words', async () => {
    const text = await why(answeredId.slice(0, 10))
    expect(text).toMatch(/^outcome +answered$/m)
    expect(text).toMatch(/^verdict +good, tier simulated, \d+ steps$/m)
    expect(text).toMatch(/^ +1 {2}[0-9a-f]{12} .* yes /m)
    expect(text).toMatch(/^used +0\.\d+ TON$/m)
    const { receipt } = stories.find(({ names }) => names.includes(answeredId))!
    expect(await why(receipt!.id)).toBe(text)
  })
})

describe('a request that failed', () => {
  it('tells each provider’s refusal, and what to do', () => {
    const story = stories.find(
      ({ problem }) => problem !== null && problem.code !== 'MODEL_UNKNOWN',
    )!
    expect(story).toMatchObject({ state: 'failed', attempts: [], receipt: null, offersSeen: 2 })
    expect(story.asked.capNano).toBe('1')
    expect(story.offers.every(({ accepted }) => !accepted)).toBe(true)
    const text = tellStory(story, coins)
    expect(text).toContain('refused: ')
    expect(text).toMatch(/^remedy +\S/m)
  })

  it('is remembered even when no offer was looked at', () => {
    const story = stories.find(({ problem }) => problem?.code === 'MODEL_UNKNOWN')!
    expect(story).toMatchObject({ state: 'failed', model: 'no-such-model', offersSeen: 0 })
    expect(tellStory(story, coins)).toContain('none was in the book')
  })

  it('is the last one without an id, and listed with the others', async () => {
    expect(await why()).toMatch(/^outcome +cancelled by the caller$/m)
    const list = (await why('--list')).trimEnd().split('\n')
    expect(list).toHaveLength(1 + stories.length)
    expect(stories.map(({ state }) => state).sort()).toEqual([
      'answered',
      'cancelled',
      'failed',
      'failed',
    ])
    await expect(why('ffffffffffff')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

it('answers over the local API while the client runs, by the id of the HTTP answer', async () => {
  const ask = (model: string) =>
    fetch(`${testnet.baseUrl}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, messages: [{ role: 'user', content: PROMPT }], max_tokens: 8 }),
    })
  const refused = await ask('no-such-model')
  const id = refused.headers.get('x-request-id')
  const api = testnet.baseUrl.replace(/\/v1$/, '/api/v1/stories')
  const story = (await (await fetch(`${api}/${id}`)).json()) as Story
  expect(story).toMatchObject({ state: 'failed', problem: { code: 'MODEL_UNKNOWN' } })
  expect(await (await fetch(api)).json()).toHaveLength(1)
})

it('holds no word of the prompt or the answer', () => {
  expect(JSON.stringify(stories)).not.toMatch(/What is|confidential compute/)
})

it('names the folder when no client ever ran there', () => {
  const options = { dataDir: path.join(home, 'nobody'), dataRoot: home }
  expect(() => clientHome(options)).toThrow(/no client has run/)
})

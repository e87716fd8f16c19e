/** `cocoon why --provider`: what a provider tells of a request that it served, refused or lost. */
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildProgram } from '#node/cli/program.ts'
import { servedStoriesRoute } from '#node/cli/served-stories.ts'
import { serveControl } from '#node/status/control-socket.ts'
import { coinsIn } from '#node/text.ts'
import { readServedStories, readStories } from '#node/why/read-stories.ts'
import type { ServedStory } from '#node/why/served-story.ts'
import { tellServedStory } from '#node/why/tell-served.ts'
import { testContext } from '../support/cli-context.ts'
import { eventually } from '../support/eventually.ts'
import { type RoleNetwork, startRoleNetwork } from '../support/role-harness.ts'
import { TestClient, TestProvider } from '../support/role-peers.ts'

const coins = coinsIn('TON')
const PROMPT = 'a question that nobody may read in a story'
const MESSAGES = [{ role: 'user', content: PROMPT }] as const
let network: RoleNetwork
let provider: TestProvider
let client: TestClient

beforeAll(async () => {
  network = await startRoleNetwork()
  provider = await TestProvider.start(network, 'teller')
  client = await TestClient.start(network, 'asker', [provider])
}, 300_000)
afterAll(() => network.stop())

const stories = (): readonly ServedStory[] => readServedStories(provider.store)

async function ended(id: string): Promise<ServedStory> {
  await eventually(() => stories().some((one) => one.id === id && one.state !== 'running'))
  return stories().find((one) => one.id === id)!
}

function wireId(): string {
  const [story] = readStories(client.store)
  return story!.attempts.at(-1)!.requestId!
}

describe('a request that was answered', () => {
  it('has the same counts, receipt and money as the client’s story, and no word of it', async () => {
    const result = await client.chat({ messages: [...MESSAGES], maxTokens: 20 })
    const own = readStories(client.store)[0]!
    const served = await ended(wireId())
    const { promptTokens, cachedTokens, completionTokens } = result.usage
    expect(served).toMatchObject({
      state: 'answered',
      stop: null,
      problem: null,
      channel: own.attempts[0]!.channel,
      asked: { promptTokens, resumedTokens: 0, maxTokens: 20 },
      signed: {
        promptTokens,
        cachedTokens,
        completionTokens,
        usedNano: `${result.priceNano}`,
      },
      receipt: { id: result.receiptId, finish: result.finish },
    })
    expect(served.signed.checkpoints).toBeGreaterThan(1)
    expect(BigInt(served.money.allocatedNano)).toBeGreaterThanOrEqual(result.priceNano)
    expect(BigInt(served.money.voucherNano)).toBeGreaterThanOrEqual(result.priceNano)
    const { paidMs, firstTokenMs, totalMs } = served.timings
    expect(paidMs! <= firstTokenMs! && firstTokenMs! <= totalMs!).toBe(true)
    const text = tellServedStory(served, coins)
    expect(text).toMatch(/^outcome +answered$/m)
    expect(text).toContain(`earned`)
    expect(JSON.stringify(stories())).not.toContain('nobody may read')
  })
})

describe('a request that ended early', () => {
  it('was cancelled by the client', async () => {
    for await (const event of client.chatEvents({ maxTokens: 400 })) {
      if (event.kind === 'text') break
    }
    const served = await ended(wireId())
    expect(served).toMatchObject({ state: 'cancelled', stop: 'client-cancelled', problem: null })
    expect(served.receipt?.finish).toBe('cancelled')
    expect(tellServedStory(served, coins)).toContain('ended early: the client cancelled it')
  })

  it('was given up by its engine, with the code', async () => {
    let id = ''
    const ask = async () => {
      for await (const event of client.chatEvents({ maxTokens: 400 })) {
        if (event.kind !== 'text' || id !== '') continue
        id = wireId()
        provider.engine.crash()
      }
    }
    await ask().catch(() => undefined)
    const served = await ended(id)
    expect(served).toMatchObject({
      state: 'failed',
      stop: 'engine',
      problem: { code: 'ENGINE_CRASHED' },
    })
  })

  it('was running when the provider died: the row is there, and says so', async () => {
    let id = ''
    for await (const event of client.chatEvents({ maxTokens: 400 })) {
      if (event.kind !== 'text') continue
      id = wireId()
      await eventually(() => stories().some((one) => one.id === id))
      await provider.restart()
      break
    }
    const served = stories().find((one) => one.id === id)!
    expect(served.state).toBe('running')
    expect(tellServedStory(served, coins)).toContain('was killed in the middle')
  })
})

describe('the command', () => {
  async function why(...parameters: string[]): Promise<string> {
    const { context, stdout } = testContext()
    const words = ['why', '--provider', provider.dataDir, ...parameters]
    await buildProgram(context).parseAsync(words, { from: 'user' })
    return stdout()
  }

  it('asks the running provider over its control socket', async () => {
    const answered = stories().find(({ state }) => state === 'answered')!
    const control = await serveControl(
      servedStoriesRoute({ servedStories: stories }),
      provider.dataDir,
    )
    const text = await why(answered.receipt!.id.slice(0, 10))
    await control.close()
    expect(text).toBe(`${tellServedStory(answered, coins)}\n`)
  })

  it('reads the folder of one that has ended: the last, one by its id, and the list', async () => {
    const told = stories()
    await client.stop()
    await provider.stop()
    expect(await why()).toBe(`${tellServedStory(told[0]!, coins)}\n`)
    expect(JSON.parse(await why(told[1]!.id, '--json'))).toEqual(told[1])
    expect((await why('--list')).trimEnd().split('\n')).toHaveLength(1 + told.length)
    await expect(why('ffffffffffff')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('names a folder where nobody ever sold', async () => {
    const { context } = testContext()
    const words = ['why', '--provider', path.join(provider.dataDir, 'nobody')]
    await expect(buildProgram(context).parseAsync(words, { from: 'user' })).rejects.toMatchObject({
      code: 'NO_HISTORY',
    })
  })
})

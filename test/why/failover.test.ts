/** The story of an answer whose provider died in the middle: both providers, the reason, tokens, money. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TOKENS_MESSAGE_MAX } from '#node/roles/constants.ts'
import { coinsIn, shortProvider } from '#node/text.ts'
import { readStories } from '#node/why/read-stories.ts'
import { tellStory } from '#node/why/tell.ts'
import { type RoleNetwork, startRoleNetwork } from '../support/role-harness.ts'
import { TestClient, TestProvider } from '../support/role-peers.ts'

const TOKENS = 30
/** Asked first. Its engine stands still in the middle of the answer: it dies there, however late the client is. */
const FIRST = {
  prices: { promptNanoPerMtok: 10n, cachedNanoPerMtok: 1n, completionNanoPerMtok: 1_000_000n },
  callsUntilStall: TOKENS_MESSAGE_MAX + 10,
}

let network: RoleNetwork
beforeAll(async () => {
  network = await startRoleNetwork()
})
afterAll(() => network.stop())

test('a failover: who began, why it ended, who went on from how many tokens, and the money of each', {
  timeout: 240_000,
}, async () => {
  const providers = [
    await TestProvider.start(network, 'first', FIRST),
    await TestProvider.start(network, 'second'),
  ]
  const client = await TestClient.start(network, 'client', providers)
  let began = ''
  let priceNano = 0n
  for await (const event of client.chatEvents({ maxTokens: TOKENS })) {
    if (event.kind === 'routed' && began === '') began = event.provider
    const dying = providers.find((one) => one.identity === began)
    if (event.kind === 'text' && dying?.isStopped === false) {
      dying.isStopped = true
      await dying.crash()
    }
    if (event.kind === 'done') priceNano = event.result.priceNano
  }
  const wentOn = providers.find((one) => one.identity !== began)
  const [story] = readStories(client.store)
  expect(story).toMatchObject({ state: 'answered', problem: null })
  const [dead, alive] = story!.attempts
  expect(story!.attempts).toHaveLength(2)
  expect(began).toBe(providers[0]?.identity)
  expect(dead).toMatchObject({
    provider: began,
    outcome: 'failed',
    resumedTokens: 0,
    // By which side of the dying connection was noticed first.
    problem: { code: expect.stringMatching(/^(PROVIDER_GONE|STREAM_RESET)$/) },
  })
  expect(alive).toMatchObject({ provider: wentOn?.identity, outcome: 'answered', problem: null })
  expect(dead!.tokens).toBeGreaterThan(0)
  expect(alive!.resumedTokens).toBe(dead!.tokens)
  expect(alive!.tokens).toBe(TOKENS - dead!.tokens)
  // What the first one never got a checkpoint for is not owed to it; the second is paid for its part.
  expect(BigInt(alive!.usedNano)).toBeGreaterThan(0n)
  expect(BigInt(dead!.usedNano) + BigInt(alive!.usedNano)).toBe(priceNano)
  expect(story!.money.usedNano).toBe(`${priceNano}`)
  const text = tellStory(story!, coinsIn('TON'))
  for (const words of [
    `provider     ${shortProvider(began)}`,
    dead!.problem!.code,
    `${alive!.tokens}, after ${dead!.tokens} that were there already`,
  ]) {
    expect(text.replaceAll(/ +/g, ' ')).toContain(words.replaceAll(/ +/g, ' '))
  }
  await client.stop()
  await providers.find((one) => !one.isStopped)?.stop()
})

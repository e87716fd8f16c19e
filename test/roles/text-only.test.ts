/** Ids that only spell a text are never gone on from: not by the next provider, and not at such a one. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TOKENS_MESSAGE_MAX } from '#node/roles/constants.ts'
import { type RoleNetwork, startRoleNetwork } from '../support/role-harness.ts'
import { TestClient, TestProvider } from '../support/role-peers.ts'

let network: RoleNetwork
beforeAll(async () => {
  network = await startRoleNetwork()
})
afterAll(() => network.stop())

/** Of more than 40 ids. */
const ANSWER = 'the beginning of an answer that never comes to its end'
/** A message of ids and some more, and not the whole answer. */
const STALL = { callsUntilStall: TOKENS_MESSAGE_MAX + 10, answer: ANSWER }
const CHEAP = { promptNanoPerMtok: 10n, cachedNanoPerMtok: 1n, completionNanoPerMtok: 20n }

/** The cheap provider is asked first, and its engine falls after the first words, in the middle of the answer. */
async function brokenOff(
  name: string,
  first: { textOnly?: boolean },
  second: { textOnly?: boolean },
) {
  const cheap = await TestProvider.start(network, `${name} cheap`, {
    ...first,
    ...STALL,
    prices: CHEAP,
  })
  const dear = await TestProvider.start(network, `${name} dear`, { ...second, answer: ANSWER })
  const client = await TestClient.start(network, `${name} asker`, [cheap, dear])
  let tokens = 0
  let error: unknown
  try {
    for await (const event of client.chatEvents({ maxTokens: 40 })) {
      if (event.kind === 'text' && tokens === 0) cheap.engine.crash()
      if (event.kind === 'text') tokens += event.tokens
    }
  } catch (thrown) {
    error = thrown
  }
  const asked = dear.engine.callsTotal()
  for (const peer of [client, cheap, dear]) await peer.stop()
  return { tokens, error, asked }
}

test('an answer of exact ids goes on at the next provider', async () => {
  const { tokens, error, asked } = await brokenOff('exact', {}, {})
  expect(error).toBeUndefined()
  expect(tokens).toBeGreaterThan(0)
  expect(asked).toBeGreaterThan(0)
})

test('an answer that was only text goes on nowhere', async () => {
  const { error, asked } = await brokenOff('text first', { textOnly: true }, {})
  expect(error).toMatchObject({ code: 'NO_PROVIDER' })
  expect(asked).toBe(0)
})

test('an answer of exact ids does not go on where only text is given', async () => {
  const { error, asked } = await brokenOff('text second', {}, { textOnly: true })
  const why = expect.stringContaining('gives no token ids to go on from')
  expect(error).toMatchObject({ code: 'NO_PROVIDER', message: why })
  expect(asked).toBe(0)
})

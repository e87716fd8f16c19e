/**
 * What the soak measures over minutes, exactly: answers that ended leave no object behind. Objects are
 * counted, not bytes: V8's own code grows with the warmth of a process, objects do not.
 */
import v8 from 'node:v8'
import vm from 'node:vm'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type RoleNetwork, startRoleNetwork } from '../support/role-harness.ts'
import { TestClient, TestProvider } from '../support/role-peers.ts'

v8.setFlagsFromString('--expose-gc')
const collect = vm.runInNewContext('gc') as () => void

let network: RoleNetwork
beforeEach(async () => {
  network = await startRoleNetwork()
})
afterEach(() => network.stop())

/** After a collection: what is really kept. */
function objectCount(): number {
  collect()
  return v8.queryObjects(Object, { format: 'count' })
}

const ANSWERS = 30
/** A leak of 4 KiB an answer is forty objects or more; a key and its closures alone are twenty. */
const OBJECTS_PER_ANSWER_MAX = 8

test('answers that ended leave no object behind, while their session lasts', {
  timeout: 240_000,
}, async () => {
  const provider = await TestProvider.start(network, 'provider-0')
  const client = await TestClient.start(network, 'client-0', [provider])
  const answers = async (count: number): Promise<number> => {
    for (let at = 0; at < count; at++) {
      await client.chat({ maxTokens: 4, seed: BigInt(at) })
      client.events.length = 0
      provider.events.length = 0
    }
    return objectCount()
  }
  const before = await answers(ANSWERS)
  const after = await answers(ANSWERS)
  const perAnswer = (after - before) / ANSWERS
  console.log(`objects kept for each answer: ${perAnswer.toFixed(2)}`)
  expect(perAnswer).toBeLessThan(OBJECTS_PER_ANSWER_MAX)
  await client.stop()
  await provider.stop()
})

/**
 * What the soak measures over minutes, exactly: answers that ended leave no object behind. Objects are
 * counted, and bytes without V8's own code, which grows with the warmth of a process.
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

interface Kept {
  readonly objects: number
  /** Of objects, strings and buffers; without V8's code, which grows with the warmth of a process. */
  readonly bytes: number
}

/** After collections: what is really kept. The second one takes what the first one's finalizers let go. */
function kept(): Kept {
  collect()
  collect()
  const objects = v8.queryObjects(Object, { format: 'count' })
  const data = v8.getHeapSpaceStatistics().filter(({ space_name: name }) => !name.includes('code'))
  const heapBytes = data.reduce((sum, { space_used_size: bytes }) => sum + bytes, 0)
  const { external } = process.memoryUsage()
  return { objects, bytes: heapBytes + external }
}

const ANSWERS = 30
/** The first is warm-up; of the others the median counts, so that one table that doubles tells nothing. */
const BATCHES = 6
/** A leak of 4 KiB an answer is forty objects or more; a key and its closures alone are twenty. */
const OBJECTS_PER_ANSWER_MAX = 8
/** Measured 1.3 KiB: what a channel keeps of each leaf, here on both sides in one process. */
const BYTES_PER_ANSWER_MAX = 3_072

function medianGrowth(values: readonly number[]): number {
  const growth = values.slice(1).map((value, at) => value - values[at]!)
  return growth.sort((a, b) => a - b)[Math.floor(growth.length / 2)]!
}

test('answers that ended leave no object behind, while their session lasts', {
  timeout: 240_000,
}, async () => {
  const provider = await TestProvider.start(network, 'provider-0')
  const client = await TestClient.start(network, 'client-0', [provider])
  const answers = async (): Promise<Kept> => {
    for (let at = 0; at < ANSWERS; at++) {
      await client.chat({ maxTokens: 4, seed: BigInt(at) })
      client.events.length = 0
      provider.events.length = 0
    }
    return kept()
  }
  const looks: Kept[] = []
  for (let batch = 0; batch < BATCHES; batch++) looks.push(await answers())
  const objects = medianGrowth(looks.map((one) => one.objects)) / ANSWERS
  const bytes = medianGrowth(looks.map((one) => one.bytes)) / ANSWERS
  console.log(`kept for each answer: ${objects.toFixed(2)} objects, ${bytes.toFixed(0)} bytes`)
  expect(objects).toBeLessThan(OBJECTS_PER_ANSWER_MAX)
  expect(bytes).toBeLessThan(BYTES_PER_ANSWER_MAX)
  await client.stop()
  await provider.stop()
})

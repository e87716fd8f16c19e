/** RTMR3 from end to end: a SIMULATED guest that measures at run time, a client whose policy lists its events. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AttestationPolicy } from '#attestation/policy/policy.ts'
import { concat, toHex } from '#protocol/bytes.ts'
import { decodeReceiptFile } from '#protocol/receipt.ts'
import { type RoleNetwork, startRoleNetwork, trustOf } from '../support/role-harness.ts'
import { TestClient, TestProvider } from '../support/role-peers.ts'

const events = [1, 2].map((value) => new Uint8Array(48).fill(value))
const listed = (digests: readonly string[][]) =>
  digests.map((allowed, at) => ({ name: `event-${at}`, digests: allowed }))
const replaying =
  (digests: readonly string[][]) =>
  (policy: AttestationPolicy): AttestationPolicy => ({
    ...policy,
    tdx: {
      ...policy.tdx,
      measurements: policy.tdx.measurements.map((one) => ({
        ...one,
        rtMr3: { replayed: listed(digests) },
      })),
    },
  })
const exact = events.map((digest) => [toHex(digest)])

let network: RoleNetwork
let provider: TestProvider
beforeAll(async () => {
  network = await startRoleNetwork()
  const { manufacturer, runtimeDigest } = trustOf(network)
  const quotes = manufacturer.machine('measuring', runtimeDigest, 'td-1.0', events)
  provider = await TestProvider.start(network, 'measuring', { quotes })
})
afterAll(async () => {
  await provider.stop()
  await network.stop()
})

const client = (name: string, policy?: (network: AttestationPolicy) => AttestationPolicy) =>
  TestClient.start(network, name, [provider], {
    walletName: 'client of run-time measurements',
    ...(policy === undefined ? {} : { policy }),
  })

test('a policy that lists exactly these events accepts the guest', async () => {
  const buyer = await client('exact', replaying(exact))
  const { receiptFile } = await buyer.chat()
  expect(buyer.failedSteps).toEqual([])
  // Whoever checks the receipt can replay the log too.
  const { evidence } = decodeReceiptFile(Uint8Array.from(readFileSync(receiptFile)))
  expect(evidence.eventLog).toEqual(concat(...events))
  await buyer.stop()
})

test.each([
  ['pins RTMR3 to another value', undefined],
  ['lists another event', replaying([exact[0]!, ['ab'.repeat(48)]])],
  ['lists one event less', replaying([exact[0]!])],
  ['lists them in another order', replaying(exact.toReversed())],
])('a policy that %s refuses it at measurements', async (name, policy) => {
  const buyer = await client(name, policy)
  await expect(buyer.chat()).rejects.toThrow()
  expect(buyer.failedSteps).toContain('measurements')
  await buyer.stop()
})

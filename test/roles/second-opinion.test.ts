/** NVIDIA's second opinion in real sessions, from a SIMULATED service: required fails closed, optional is shown. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AttestationPolicy } from '#attestation/policy/policy.ts'
import { Nras } from '#node/evidence/nras.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { nrasService } from '../support/nras-service.ts'
import { type RoleNetwork, startRoleNetwork } from '../support/role-harness.ts'
import { TestClient, TestProvider } from '../support/role-peers.ts'

let network: RoleNetwork
let provider: TestProvider
beforeAll(async () => {
  network = await startRoleNetwork()
  provider = await TestProvider.start(network, 'with-gpu', { gpus: 2 })
})
afterAll(async () => {
  await provider.stop()
  await network.stop()
})

const wanting =
  (nras: AttestationPolicy['gpu']['nras']) =>
  (policy: AttestationPolicy): AttestationPolicy => ({ ...policy, gpu: { ...policy.gpu, nras } })

async function client(name: string, nras: AttestationPolicy['gpu']['nras']) {
  const service = await nrasService(() => network.clock.nowMs())
  const asking = new Nras({ crypto, baseUrl: service.url, timeoutMs: 30_000 })
  const buyer = await TestClient.start(network, name, [provider], {
    policy: wanting(nras),
    secondOpinion: (evidence, nowMs) => asking.about(evidence, nowMs),
    walletName: 'client of second opinions',
  })
  const step = () => {
    const verdict = buyer.events.findLast((event) => event.kind === 'verdict')
    return verdict?.kind === 'verdict'
      ? verdict.steps.find((one) => one.name === 'gpu-second-opinion')
      : undefined
  }
  return { buyer, service, step }
}

test('required and good: an answer, and the step says so', async () => {
  const { buyer, service, step } = await client('required', 'required')
  await buyer.chat()
  expect(step()).toMatchObject({ status: 'passed', found: 'good for 2 GPUs' })
  expect(service.bodies).toHaveLength(2)
  await buyer.stop()
})

test.each([
  ['does not answer', 'isDown'],
  ['says no', 'changes'],
] as const)('required, and the service %s: nothing is asked', async (_, what) => {
  const { buyer, service, step } = await client(`closed ${what}`, 'required')
  if (what === 'isDown') service.mood.isDown = true
  else service.mood.changes = { overall: { 'x-nvidia-overall-att-result': false } }
  await expect(buyer.chat()).rejects.toThrow()
  expect(step()).toMatchObject({ status: 'failed' })
  expect(buyer.failedSteps).toEqual(['gpu-second-opinion'])
  await buyer.stop()
})

test('optional, and the service does not answer: an answer, and the verdict shows it', async () => {
  const { buyer, service, step } = await client('open', 'optional')
  service.mood.isDown = true
  await buyer.chat()
  expect(step()).toMatchObject({ status: 'not-required', found: 'no answer' })
  expect(step()?.detail).toMatch(/status 503/)
  await buyer.stop()
})

test('none: the service hears nothing', async () => {
  const { buyer, service, step } = await client('silent', 'none')
  await buyer.chat()
  expect(step()).toMatchObject({ status: 'not-required', found: 'not asked' })
  expect(service.asked).toEqual([])
  await buyer.stop()
})

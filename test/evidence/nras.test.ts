/** NVIDIA's remote service as a node asks it: exact requests, what is kept, and a service that misbehaves. */
import { generateKeyPair } from 'jose'
import { expect, it } from 'vitest'
import { simulatedReport } from '#attestation/evidence/simulated/gpu-manufacturer.ts'
import { encodeStatementCore } from '#attestation/statement-core.ts'
import { encodeGpuEvidence, gpuNonce } from '#attestation/verify/gpu/evidence.ts'
import { NRAS_OPINION_LIFE_MS, NRAS_RETRY_MS } from '#node/evidence/constants.ts'
import { Nras } from '#node/evidence/nras.ts'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { nrasService } from '#test/support/nras-service.ts'
import { core, nowMs } from '../attestation/network.ts'
import { nvidia } from '../attestation/snp-network.ts'

const coreBytes = encodeStatementCore(core)
const nonces = [0, 1].map((index) => gpuNonce(crypto, index, coreBytes))
const devices = nonces.map((nonce, index) => {
  const gpu = nvidia.gpu(`machine ${index}`)
  return { report: simulatedReport(gpu, nonce, crypto), chain: gpu.chain }
})
const evidence = encodeGpuEvidence({ devices, rims: [] })

async function bench(timeoutMs = 30_000) {
  const service = await nrasService(() => nowMs)
  const nras = new Nras({ crypto, baseUrl: service.url, timeoutMs })
  return { ...service, nras }
}

it('asks once for each GPU, with its own nonce, report and certificates', async () => {
  const { nras, asked, bodies } = await bench()
  const opinions = await nras.about(evidence, nowMs)
  expect(opinions).toEqual(
    nonces.map((nonce) => ({
      nonce,
      outcome: 'good',
      detail: 'GH100 A01 GSP BROM, driver 550.90.07',
    })),
  )
  expect([...new Set(asked)].sort()).toEqual(['/.well-known/jwks.json', '/v4/attest/gpu'])
  expect(bodies.map(({ nonce }) => nonce).sort()).toEqual(nonces.map(toHex).sort())
  const first = bodies.find(({ nonce }) => nonce === toHex(nonces[0]!))
  const [item] = (first?.evidence_list ?? []) as { evidence: string; certificate: string }[]
  expect(first?.arch).toBe('HOPPER')
  expect(item?.evidence).toBe(Buffer.from(devices[0]!.report).toString('base64'))
  const pem = Buffer.from(item?.certificate ?? '', 'base64').toString('latin1')
  expect(pem.match(/-----BEGIN CERTIFICATE-----/g)).toHaveLength(5)
  expect(pem.endsWith('-----END CERTIFICATE-----\n')).toBe(true)
})

it('keeps an answer as long as the evidence may be used, and asks again soon when none came', async () => {
  const { nras, bodies, mood } = await bench()
  mood.isDown = true
  expect((await nras.about(evidence, nowMs)).map(({ outcome }) => outcome)).toEqual([
    'unknown',
    'unknown',
  ])
  mood.isDown = false
  expect((await nras.about(evidence, nowMs + NRAS_RETRY_MS - 1))[0]?.outcome).toBe('unknown')
  expect((await nras.about(evidence, nowMs + NRAS_RETRY_MS))[0]?.outcome).toBe('good')
  const before = bodies.length
  await nras.about(evidence, nowMs + NRAS_OPINION_LIFE_MS)
  expect(bodies).toHaveLength(before)
  await nras.about(evidence, nowMs + NRAS_RETRY_MS + NRAS_OPINION_LIFE_MS)
  expect(bodies).toHaveLength(before + 2)
})

it('takes a signed no, a foreign signature and another nonce for a refusal', async () => {
  const stranger = await generateKeyPair('ES384')
  for (const changes of [
    { overall: { 'x-nvidia-overall-att-result': false } },
    { key: stranger.privateKey },
    { device: { eat_nonce: '00'.repeat(32) } },
  ]) {
    const { nras, mood } = await bench()
    mood.changes = changes
    const [opinion] = await nras.about(evidence, nowMs)
    expect(opinion).toMatchObject({ outcome: 'refused' })
  }
})

it('does not wait for a service that stalls, and never rejects', async () => {
  const { nras, mood } = await bench(500)
  mood.isSilent = true
  const opinions = await nras.about(evidence, nowMs)
  expect(opinions.map(({ outcome }) => outcome)).toEqual(['unknown', 'unknown'])
  expect(opinions[0]?.detail).toMatch(/no answer in 500 ms/)
  expect(await nras.about(new Uint8Array(5), nowMs)).toEqual([])
})

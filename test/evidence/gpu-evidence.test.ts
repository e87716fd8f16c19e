/** Every GPU answers a nonce of its own, in one order. */
import { describe, expect, it } from 'vitest'
import { encodePemChain } from '#attestation/der/pem.ts'
import { decodeGpuEvidence, gpuNonce } from '#attestation/verify/gpu/evidence.ts'
import { chooseGpus, gpuEvidenceFor, machineGpus } from '#node/evidence/gpu-evidence.ts'
import { concat, utf8 } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { rejectionCode } from '#test/support/error-code.ts'
import { machine, policy } from '../attestation/network.ts'

const core = utf8('the core of a statement')
const chain = machine.material.pckChain
const certificates = encodePemChain(chain)
const report = (index: number, nonce: Uint8Array) => concat(Uint8Array.of(index), nonce)

describe('GPU evidence for a statement', () => {
  it('asks once per GPU and keeps from each answer the report of its own', async () => {
    const asked: Uint8Array[] = []
    const bytes = await gpuEvidenceFor(core, crypto, async (nonce) => {
      asked.push(nonce)
      return [0, 1, 2].map((index) => ({ report: report(index, nonce), certificates }))
    })
    expect(asked).toEqual([0, 1, 2].map((index) => gpuNonce(crypto, index, core)))
    const { devices } = decodeGpuEvidence(bytes)
    expect(devices.map((device) => device.report)).toEqual(
      asked.map((nonce, index) => report(index, nonce)),
    )
    expect(devices[2]?.chain).toEqual(chain)
  })

  it('is not made when a GPU vanishes meanwhile', async () => {
    let calls = 0
    const ask = async (nonce: Uint8Array) => {
      calls += 1
      const count = calls === 1 ? 2 : 1
      return Array.from({ length: count }, () => ({ report: report(0, nonce), certificates }))
    }
    expect(await rejectionCode(gpuEvidenceFor(core, crypto, ask))).toBe('GPU_EVIDENCE_UNAVAILABLE')
  })

  it('is asked for only where the driver lists GPUs', async () => {
    const ask = async (nonce: Uint8Array) => [{ report: report(0, nonce), certificates }]
    expect(machineGpus(crypto, () => false, ask)).toBeUndefined()
    const gpus = machineGpus(crypto, (path) => path === '/proc/driver/nvidia/gpus', ask)
    expect(
      decodeGpuEvidence((await gpus?.evidence(core)) ?? new Uint8Array(0)).devices,
    ).toHaveLength(1)
  })
})

describe('the GPUs that a machine shows', () => {
  const real = { evidence: async () => utf8('real') }
  const simulated = { evidence: async () => utf8('simulated') }
  const needing = (need: 'optional' | 'required') => ({
    ...policy,
    gpu: { ...policy.gpu, need },
  })
  const choose = (
    tee: 'tdx' | 'simulated-tdx',
    need: 'optional' | 'required',
    { isReal = false, isSimulated = false },
  ) =>
    chooseGpus(
      crypto,
      { policy: needing(need), tee, simulated: isSimulated ? simulated : undefined },
      () => (isReal ? real : undefined),
    )

  it('are real in a real machine and simulated in a simulated one', () => {
    expect(choose('tdx', 'required', { isReal: true, isSimulated: true })).toBe(real)
    expect(choose('simulated-tdx', 'required', { isReal: true, isSimulated: true })).toBe(simulated)
    expect(choose('tdx', 'optional', { isSimulated: true })).toBeUndefined()
  })

  it.each([
    ['tdx', '/proc/driver/nvidia/gpus', 'cocoon doctor'],
    ['simulated-tdx', 'simulated machine has none', '--gpus 1'],
  ] as const)(
    'missing in %s where the policy requires one: said at the start',
    (tee, looked, remedy) => {
      expect(() => choose(tee, 'required', {})).toThrow(
        expect.objectContaining({
          code: 'GPU_MISSING',
          message: expect.stringContaining(looked),
          remedy: expect.stringContaining(remedy),
        }),
      )
    },
  )
})

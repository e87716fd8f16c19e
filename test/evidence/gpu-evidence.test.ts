/** Every GPU answers a nonce of its own, in one order. */
import { describe, expect, it } from 'vitest'
import { encodePemChain } from '#attestation/der/pem.ts'
import { decodeGpuEvidence, gpuNonce } from '#attestation/verify/gpu/evidence.ts'
import { gpuEvidenceFor, machineGpus } from '#node/evidence/gpu-evidence.ts'
import { concat, utf8 } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { rejectionCode } from '#test/support/error-code.ts'
import { machine } from '../attestation/network.ts'

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

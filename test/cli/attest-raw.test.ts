/** `cocoon attest verify` of raw SEV-SNP and NVIDIA reports, SIMULATED, in every form that the command takes. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Appraisal } from '#attestation/appraisal/appraisal.ts'
import { encodePemChain } from '#attestation/der/pem.ts'
import { simulatedReport } from '#attestation/evidence/simulated/gpu-manufacturer.ts'
import { decodeSnpCollateral } from '#attestation/verify/snp/collateral.ts'
import { type AttestVerifyOptions, verifyEvidenceFile } from '#node/cli/attest/verify.ts'
import { buildProgram } from '#node/cli/program.ts'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { testContext } from '#test/support/cli-context.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'
import { bytes, core, nowMs, seed } from '../attestation/network.ts'
import { makeSnpEvidence, nvidia, snpContext } from '../attestation/snp-network.ts'

function saved(name: string, content: Uint8Array | string): string {
  const file = path.join(temporaryFolder(), name)
  writeFileSync(file, content)
  return file
}

const NETWORK = JSON.stringify({
  ...{ format: 'cocoon-network/1', name: 'test', globalId: -3, bootstrap: [], closeDelay: 60 },
  chainUrl: 'http://127.0.0.1:1/',
  models: [{ id: 'demo', root: toHex(core.modelRoot) }],
  simulatedManufacturerSeed: toHex(seed),
})
const POLICY = JSON.stringify(snpContext().policy)
const surroundings = () => ({
  network: saved('network.json', NETWORK),
  policy: saved('policy.json', POLICY),
  at: new Date(nowMs).toISOString(),
})

const pem = (chain: readonly Uint8Array[]) => encodePemChain(chain).subarray(0, -1)
const named = (status: string, { steps }: Appraisal) =>
  steps.filter((step) => step.status === status).map(({ name }) => name)
const unbound = () => ({ ...surroundings(), allowUnbound: true })

const snp = makeSnpEvidence()
const { chain: snpChain, crl } = decodeSnpCollateral(snp.collateral)
const gpu = nvidia.gpu('machine 0')
const gpuReport = simulatedReport(gpu, bytes(32, 9), crypto)

/** Name, the report, what goes beside it. */
const KINDS: [string, string, Uint8Array, () => AttestVerifyOptions][] = [
  [
    'a raw SNP report',
    'snp-report',
    snp.quote,
    () => ({ certs: [saved('chain.pem', pem(snpChain))], collateral: saved('crl.der', crl) }),
  ],
  [
    'a raw NVIDIA report',
    'nvidia-report',
    gpuReport,
    () => ({ certs: gpu.chain.map((der, at) => saved(`${at}.der`, der)) }),
  ],
]

describe.each(KINDS)('%s', (_name, form, report, beside) => {
  it('is good in binary and in hexadecimal, but only when nothing has to bind it', async () => {
    for (const content of [report, toHex(report), `${toHex(report).toUpperCase()}\n`]) {
      const file = saved('report', content)
      const allowed = await verifyEvidenceFile(file, { ...unbound(), ...beside() })
      expect(named('failed', allowed)).toEqual([])
      expect(allowed).toMatchObject({ form, ok: true, bound: false, tier: 'simulated' })
      const strict = await verifyEvidenceFile(file, { ...surroundings(), ...beside() })
      expect(strict.ok).toBe(false)
      expect(named('skipped', strict)).not.toEqual([])
    }
  })

  it('alone is judged as far as that goes, and never good', async () => {
    const found = await verifyEvidenceFile(saved('report', report), unbound())
    expect(found.ok).toBe(false)
    expect(named('passed', found).length).toBeGreaterThan(0)
    expect(named('skipped', found).length).toBeGreaterThan(0)
  })

  it.each([0.2, 0.5, 0.95])(
    'with a byte changed at %d of it names the step, with exit code 5',
    async (at) => {
      const position = Math.floor(report.length * at)
      const changed = report.with(position, (report[position] ?? 0) ^ 1)
      const { certs = [], collateral } = beside()
      const { context, exitCodes, stdout } = testContext()
      const { network, policy, at: time } = surroundings()
      const words = ['attest', 'verify', saved('report', changed), '--network', network]
      const options = ['--policy', policy, '--at', time, '--allow-unbound']
      const list = collateral === undefined ? [] : ['--collateral', collateral]
      const parameters = [...words, ...options, ...list, '--certs', ...certs]
      await buildProgram(context).parseAsync(parameters, { from: 'user' })
      expect(exitCodes).toEqual([5])
      expect(stdout()).toMatch(/^REFUSED: /m)
      expect(stdout()).toMatch(/^failed +[a-z-]+: /m)
      expect(stdout()).toMatch(/^do +(stop|retry|fix): /m)
    },
  )
})

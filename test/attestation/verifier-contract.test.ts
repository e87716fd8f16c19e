/** The verifier contract on both anchors. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { intelAnchor } from '#attestation/anchors/intel.ts'
import { collateralFromPcs } from '#attestation/evidence/pcs-collateral.ts'
import { simulatedManufacturer } from '#attestation/evidence/simulated/manufacturer.ts'
import { defaultPolicy } from '#attestation/policy/builtin.ts'
import { parseTdxQuote } from '#attestation/verify/quote.ts'
import { appraiseTdx } from '#attestation/verify/tdx.ts'
import type { AppraisalContext, TeeEvidence } from '#attestation/verify/tee-verifier.ts'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { testVerifier } from '#test/contracts/verifier.ts'
import { repositoryRoot } from '#test/support/source-files.ts'
import { bytes, context, makeEvidence, nowMs } from './network.ts'

const dayMs = 86_400_000
const vectors = join(repositoryRoot, '..', 'shared', 'vectors', 'tdx')
const hasVectors = existsSync(vectors)

testVerifier('simulated manufacturer', () => ({
  evidence: makeEvidence(),
  context,
  expiredMs: nowMs + 32 * dayMs,
  futureMs: nowMs - 3 * dayMs,
  otherAnchor: simulatedManufacturer({ seed: bytes(32, 8), nowMs, crypto }).anchor,
}))

function readVector(name: string): TeeEvidence {
  const collateral: unknown = JSON.parse(
    readFileSync(join(vectors, `${name}_collateral.json`), 'utf8'),
  )
  return {
    quote: new Uint8Array(readFileSync(join(vectors, name))),
    collateral: collateralFromPcs(collateral),
  }
}

const issuedMs = Date.UTC(2025, 5, 19, 10, 32, 27)
/** Inside the life of all collateral of the second vector. */
const outdatedMs = Date.UTC(2026, 1, 20)

/** Intel's root and a production policy that lists what this quote measures to. */
function intelContext(evidence: TeeEvidence): AppraisalContext {
  const { body } = parseTdxQuote(evidence.quote)
  const [rtMr0 = '', rtMr1 = '', rtMr2 = '', rtMr3 = ''] = body.rtMr.map(toHex)
  const policy = defaultPolicy({
    tdx: [
      {
        label: 'vector',
        build: null,
        runtimeDigest: '00'.repeat(32),
        mrTd: toHex(body.mrTd),
        rtMr0,
        rtMr1,
        rtMr2,
        rtMr3: { pinned: rtMr3 },
        mrConfigId: toHex(body.mrConfigId),
        mrOwner: toHex(body.mrOwner),
        mrOwnerConfig: toHex(body.mrOwnerConfig),
      },
    ],
  })
  return {
    crypto,
    globalId: -239,
    nowMs: issuedMs + dayMs,
    anchors: [intelAnchor(crypto)],
    policy: { ...policy, tcb: { ...policy.tcb, evaluationNumberMin: 17 } },
  }
}

if (hasVectors) {
  testVerifier("Intel's real quote", () => {
    const evidence = readVector('tdx_quote')
    return {
      evidence,
      context: intelContext(evidence),
      expiredMs: nowMs,
      futureMs: issuedMs - 90 * dayMs,
      otherAnchor: simulatedManufacturer({ seed: bytes(32, 8), nowMs, crypto }).anchor,
    }
  })

  describe("Intel's real quotes", () => {
    const evidence = readVector('tdx_quote')
    const about = (nowMsThen: number) => {
      const { steps } = appraiseTdx(evidence, { ...intelContext(evidence), nowMs: nowMsThen })
      return steps.filter((step) => step.status === 'failed').map((step) => step.name)
    }

    it('are good until the first document expires', () => {
      expect(about(Date.UTC(2025, 6, 19, 10, 0, 35))).toEqual([])
      expect(about(Date.UTC(2025, 6, 19, 10, 0, 36))).toEqual(['revocation'])
    })

    it('are refused before the last document was issued', () => {
      expect(about(issuedMs)).toEqual([])
      expect(about(issuedMs - 1_000)).toEqual(['qe-identity'])
    })

    it('read the PPID and FMSPC out of the verified certificate', () => {
      const { platform } = appraiseTdx(evidence, intelContext(evidence))
      expect(toHex(platform?.ppid ?? bytes(0, 0))).toBe('811dca2a26b952e85bb6448b097ba4fd')
      expect(toHex(platform?.fmspc ?? bytes(0, 0))).toBe('b0c06f000000')
    })

    it('are accepted with the padding of the kernel and without it, and with no other', () => {
      const quote = evidence.quote.subarray(0, evidence.quote.length - 70)
      const accepted = (other: Uint8Array) =>
        appraiseTdx({ ...evidence, quote: other }, intelContext(evidence)).steps[0]?.status
      expect(accepted(quote)).toBe('passed')
      expect(accepted(evidence.quote.subarray(0, evidence.quote.length - 1))).toBe('failed')
    })

    it('of version 5 and TD 1.5 pass but for a platform that matches no TCB level', () => {
      const outdated = readVector('tdx_quote_outdated')
      const { quote, steps } = appraiseTdx(outdated, {
        ...intelContext(outdated),
        nowMs: outdatedMs,
      })
      expect(steps[0]).toMatchObject({
        status: 'passed',
        found: expect.stringMatching(/^version 5, TD 1\.5, /),
      })
      expect(toHex(quote?.body.teeTcbSvn ?? bytes(0, 0))).toMatch(/^0701/)
      expect(toHex(quote?.body.td15?.teeTcbSvn2 ?? bytes(0, 0))).toMatch(/^0d01/)
      const failed = steps.filter((step) => step.status !== 'passed')
      expect(failed).toMatchObject([
        { name: 'tcb-status', status: 'failed', detail: 'no TCB level matches this platform' },
      ])
    })

    it('are refused with the collateral of another platform', () => {
      const { collateral } = readVector('tdx_quote_outdated')
      const nowMsThen = Date.UTC(2026, 1, 20)
      const { steps } = appraiseTdx(
        { quote: evidence.quote, collateral },
        { ...intelContext(evidence), nowMs: nowMsThen },
      )
      const failed = steps.find((step) => step.status === 'failed')
      expect(failed).toMatchObject({ name: 'tcb-info' })
      expect(failed?.detail).toContain('90C06F000000')
    })
  })
} else {
  console.warn("skipped Intel's real quotes: no folder of vectors next to this checkout")
}

/** From a whole bundle of evidence to a verdict: keys, network, freshness, nonces, tiers. */
import { describe, expect, it } from 'vitest'
import { encodeStatement, reportData, type StatementCore } from '#attestation/statement.ts'
import type { EvidenceBundle, VerdictStep } from '#attestation/types.ts'
import {
  requireVerdict,
  type VerdictContext,
  verifyEvidence,
  withStep,
} from '#attestation/verdict.ts'
import { CONDITIONAL_STEPS, mandatorySteps } from '#attestation/verdict-steps.ts'
import { EVIDENCE_GPU_BYTES_MAX } from '#protocol/constants.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { AttestationError } from '#protocol/errors.ts'
import { changedBytesTimeoutMs, forChangedBytes } from '#test/contracts/verifier.ts'
import {
  bytes,
  context,
  core,
  makeChallenge,
  makeEvidence,
  manufacturer,
  minuteMs,
  nowMs,
  policy,
  zeros,
} from './network.ts'

const honest = makeEvidence()

function firstFailure(evidence: EvidenceBundle, changes: Partial<VerdictContext> = {}): string {
  const verdict = verifyEvidence(evidence, { ...context, ...changes })
  const failed = verdict.steps.find((step) => step.status === 'failed')
  expect(verdict.ok).toBe(failed === undefined)
  return failed === undefined ? 'ok' : `${failed.name}: ${failed.detail}`
}

const overCore = (changes: Partial<StatementCore>) => firstFailure(makeEvidence({ core: changes }))

describe('a verdict', () => {
  const verdict = verifyEvidence(honest, context)

  it('on honest evidence passes every mandatory step, none skipped', () => {
    expect(verdict).toMatchObject({ ok: true, tier: 'simulated' })
    const passed = verdict.steps.filter((step) => step.status === 'passed')
    expect(passed.map((step) => step.name)).toEqual(mandatorySteps('tdx'))
    const rest = verdict.steps.filter((step) => step.status !== 'passed')
    expect(rest.map((step) => [step.name, step.status])).toEqual(
      CONDITIONAL_STEPS.map((name) => [name, 'not-required']),
    )
  })

  it('says of every step what it requires and where that is written', () => {
    for (const step of verdict.steps) {
      expect(step.term.length).toBeGreaterThan(3)
      expect(step.evidence.length).toBeGreaterThan(4)
      expect(step.required.length).toBeGreaterThan(10)
      expect(step.reference.length).toBeGreaterThan(5)
      if (step.status === 'passed') expect(step.found).not.toBe('')
    }
  })

  it('names the first step that failed when it is required to be good', () => {
    expect(() => requireVerdict(verdict)).not.toThrow()
    const refused = verifyEvidence(makeEvidence({ core: { globalId: -239 } }), context)
    expect(() => requireVerdict(refused)).toThrow(AttestationError)
    try {
      requireVerdict(refused)
    } catch (thrown) {
      expect(thrown).toMatchObject({ code: 'EVIDENCE_REFUSED', data: { step: 'network' } })
    }
  })

  it('is not believed when it says ok and its steps do not', () => {
    const steps = verdict.steps.slice(1)
    expect(() => requireVerdict({ ...verdict, steps })).toThrow(/incomplete/)
    const skipped = verdict.steps.map((step) =>
      step.name === 'anchor' ? { ...step, status: 'skipped' as const } : step,
    )
    expect(() => requireVerdict({ ...verdict, steps: skipped })).toThrow(/anchor/)
  })

  it("takes the caller's own step and is good only with it", () => {
    const step: VerdictStep = {
      name: 'session-transcript',
      term: 'key possession',
      evidence: 'session',
      status: 'passed',
      found: '',
      required: 'both signatures',
      reference: 'docs/spec/session.md',
      detail: '',
    }
    expect(withStep(verdict, step)).toMatchObject({ ok: true, tier: 'simulated' })
    for (const status of ['failed', 'skipped', 'not-required'] as const) {
      expect(withStep(verdict, { ...step, status }).ok).toBe(false)
    }
    const bad = verifyEvidence(honest, { ...context, globalId: -4 })
    expect(withStep(bad, step).ok).toBe(false)
    expect(() => withStep(withStep(verdict, step), step)).toThrow(RangeError)
  })
})

describe('a statement is refused', () => {
  it('for another network', () => {
    expect(overCore({ globalId: -239 })).toBe('network: global id -239 instead of -3')
    expect(firstFailure(honest, { globalId: -4 })).toBe('network: global id -3 instead of -4')
  })

  it('by a mainnet verifier, at the network and at the anchor', () => {
    const mainnet = makeEvidence({ core: { globalId: -239 } })
    expect(firstFailure(mainnet, { globalId: -239 })).toBe(
      'anchor: simulated evidence is never accepted on mainnet',
    )
  })

  it('with the keys of somebody else', () => {
    expect(overCore({ identityKey: bytes(32, 9) })).toMatch(/^identity-key: /)
    expect(overCore({ modelRoot: bytes(32, 9) })).toMatch(/^model-root: /)
    expect(overCore({ role: 'client' })).toBe('role: role client instead of provider')
  })

  it('with a runtime that was not measured', () => {
    expect(overCore({ runtimeDigest: bytes(32, 8) })).toMatch(/^report-data: .*another runtime/)
  })

  it('unless a release that measures to the same lists that runtime, too', () => {
    const [first] = policy.tdx.measurements
    if (first === undefined) throw new Error('the policy lists a release')
    const second = { ...first, label: 'same-image', runtimeDigest: '08'.repeat(32) }
    const both = { ...policy, tdx: { ...policy.tdx, measurements: [first, second] } }
    const over = (value: number) =>
      firstFailure(makeEvidence({ core: { runtimeDigest: bytes(32, value) } }), { policy: both })
    expect([over(9), over(8)]).toEqual(['ok', 'ok'])
    expect(over(7)).toMatch(/^report-data: .*another runtime/)
  })

  it('with a sealing suite that the policy does not accept', () => {
    const hpkeSuite = 'X25519/HKDF-SHA256/AES-256-GCM'
    expect(overCore({ hpkeSuite, hpkeKey: bytes(32, 1) })).toMatch(/^sealing-suite: /)
  })

  it('when the quote was made over other keys', () => {
    const statement = encodeStatement({
      core: { ...core, responseKey: bytes(32, 0x66) },
      gpuEvidenceHash: zeros(32),
      challenge: zeros(32),
    })
    expect(firstFailure({ ...honest, statement })).toBe(
      'report-data: the quote was made over another statement or mode',
    )
  })

  it('when the quote was made in the other mode', () => {
    const { evidence, challenge } = makeChallenge([bytes(32, 1)], 0)
    expect(firstFailure({ ...honest, mode: 'challenge' }, { challenge })).toMatch(/^report-data: /)
    expect(firstFailure({ ...evidence, mode: 'epoch' })).toMatch(/^report-data: /)
  })

  it('when the policy wants its own digest claimed', () => {
    const strict = { ...policy, claimedPolicy: 'same' as const }
    expect(firstFailure(honest, { policy: strict })).toMatch(/^policy-digest: /)
    expect(overCore({ policyDigest: bytes(32, 0) })).toBe('ok')
  })
})

describe('freshness', () => {
  const block = context.notBeforeBlock ?? { seqno: 0, rootHash: zeros(32), timeMs: 0 }
  const aged = (ageMs: number) => ({ notBeforeBlock: { ...block, timeMs: nowMs - ageMs } })

  it('needs a block that is on the chain that the client reads', () => {
    expect(firstFailure(honest, { notBeforeBlock: undefined })).toMatch(/^freshness: .*not on/)
    const forked = { notBeforeBlock: { ...block, rootHash: bytes(32, 0) } }
    expect(firstFailure(honest, forked)).toMatch(/^freshness: .*another root hash/)
    const other = { notBeforeBlock: { ...block, seqno: 40 } }
    expect(firstFailure(honest, other)).toMatch(/^freshness: /)
  })

  it('ends at 75 minutes, and a block is at most a minute ahead', () => {
    const short = makeEvidence({ core: { notAfterMs: nowMs } })
    expect(firstFailure(short, aged(75 * minuteMs))).toBe('ok')
    expect(firstFailure(short, aged(75 * minuteMs + 1))).toBe('freshness: block 41 is 4500 s old')
    expect(firstFailure(honest, aged(-minuteMs))).toBe('ok')
    expect(firstFailure(honest, aged(-minuteMs - 1))).toMatch(/^freshness: .*future/)
  })

  it('keys end within 75 minutes of the block, and not before now', () => {
    const end = block.timeMs + 75 * minuteMs
    expect(overCore({ notAfterMs: end })).toBe('ok')
    expect(overCore({ notAfterMs: end + 1 })).toBe('key-lifetime: the keys live 4500 s')
    expect(overCore({ notAfterMs: nowMs - 1 })).toMatch(/^key-lifetime: the keys expired/)
  })

  it('skips the keys when the block is unknown', () => {
    const { steps } = verifyEvidence(honest, { ...context, notBeforeBlock: undefined })
    expect(steps.find((step) => step.name === 'key-lifetime')?.status).toBe('skipped')
  })
})

describe('a challenge', () => {
  const nonces = [bytes(32, 1), bytes(32, 2), bytes(32, 3)]

  it.each([0, 1, 2])('answers client %i of three', (index) => {
    const { evidence, challenge } = makeChallenge(nonces, index)
    const verdict = verifyEvidence(evidence, { ...context, challenge })
    expect(verdict.ok).toBe(true)
    expect(verdict.steps.find((step) => step.name === 'nonce')).toMatchObject({
      status: 'passed',
      found: `nonce ${index + 1} of 3`,
    })
  })

  it('needs no fresh block, and still no older keys', () => {
    const { evidence, challenge } = makeChallenge(nonces, 0)
    expect(firstFailure(evidence, { challenge, notBeforeBlock: undefined })).toBe('ok')
    const late = { challenge, nowMs: core.notAfterMs + 1 }
    expect(firstFailure(evidence, late)).toMatch(/^key-lifetime: /)
  })

  it('is not answered by a quote over an older nonce', () => {
    const { evidence, challenge } = makeChallenge(nonces, 0)
    const mine = bytes(32, 0x77)
    const replayed = { challenge: { ...challenge, clientNonce: mine } }
    expect(firstFailure(evidence, replayed)).toBe('nonce: the quote answers other nonces')
    const borrowed = {
      challenge: { clientNonce: mine, proof: makeChallenge([mine], 0).challenge.proof },
    }
    expect(firstFailure(evidence, borrowed)).toBe('nonce: the quote answers other nonces')
  })

  it('never falls back to an epoch quote', () => {
    const { evidence, challenge } = makeChallenge(nonces, 0)
    expect(firstFailure(honest, { challenge })).toMatch(/^nonce: .*an epoch quote came back/)
    expect(firstFailure(evidence)).toMatch(/^nonce: .*did not ask for/)
    const unproved = { challenge: { ...challenge, proof: undefined } }
    expect(firstFailure(evidence, unproved)).toMatch(/^nonce: no proof/)
  })

  it('is made with 32 bytes', () => {
    const short = makeChallenge([bytes(31, 1)], 0)
    expect(firstFailure(short.evidence, { challenge: short.challenge })).toBe(
      'nonce: a nonce of 31 bytes',
    )
  })

  it('answers at most 256 clients', () => {
    const crowd = Array.from({ length: 257 }, (_, at) => crypto.sha256(bytes(at + 1, 1)))
    const most = makeChallenge(crowd.slice(0, 256), 255)
    expect(firstFailure(most.evidence, { challenge: most.challenge })).toBe('ok')
    const tooMany = makeChallenge(crowd, 0)
    expect(firstFailure(tooMany.evidence, { challenge: tooMany.challenge })).toBe(
      'nonce: 257 nonces under one quote',
    )
  })

  it('in an epoch statement is refused', () => {
    expect(firstFailure(makeEvidence({ challenge: bytes(32, 1) }))).toMatch(
      /^nonce: an epoch quote/,
    )
  })
})

describe('GPU evidence', () => {
  const gpuEvidence = bytes(100, 0x6b)
  const required = { policy: { ...policy, gpu: { ...policy.gpu, need: 'required' as const } } }

  it('has the hash that the statement names', () => {
    expect(firstFailure({ ...honest, gpuEvidence })).toMatch(/^gpu-evidence: .*another hash/)
    const withheld = { ...makeEvidence({ gpuEvidence }), gpuEvidence: zeros(0) }
    expect(firstFailure(withheld)).toMatch(/^gpu-evidence: .*another hash/)
  })

  it('is bounded, and refused when it is no GPU evidence', () => {
    const huge = makeEvidence({ gpuEvidence: zeros(EVIDENCE_GPU_BYTES_MAX + 1) })
    expect(firstFailure(huge)).toMatch(/^gpu-evidence: /)
    expect(firstFailure(makeEvidence({ gpuEvidence }))).toMatch(/^gpu-evidence: /)
    const ignored = { policy: { ...policy, gpu: { ...policy.gpu, need: 'none' as const } } }
    expect(firstFailure(makeEvidence({ gpuEvidence }), ignored)).toBe('ok')
  })

  it('cannot be missing, or be anything, where the policy requires it', () => {
    expect(firstFailure(makeEvidence({ gpuEvidence }), required)).toMatch(/^gpu-evidence: /)
    expect(firstFailure(honest, required)).toMatch(/^gpu-evidence: /)
  })
})

describe('any changed byte', () => {
  const parts = ['statement', 'quote', 'collateral'] as const

  it.each(parts)(
    'of the %s makes the verdict bad',
    (part) => {
      const whole = honest[part]
      forChangedBytes(whole.length, (at, mask) => {
        const changed = whole.with(at, (whole[at] ?? 0) ^ mask)
        expect(verifyEvidence({ ...honest, [part]: changed }, context).ok).toBe(false)
      })
    },
    changedBytesTimeoutMs,
  )

  it('of the statement is caught by the quote alone', () => {
    const wanted = reportData(crypto, 'epoch', honest.statement)
    forChangedBytes(honest.statement.length, (at, mask) => {
      const changed = honest.statement.with(at, (honest.statement[at] ?? 0) ^ mask)
      expect(reportData(crypto, 'epoch', changed)).not.toEqual(wanted)
    })
  })

  it('cut from a part makes the verdict bad', () => {
    for (const part of parts) {
      const cut = honest[part].subarray(0, -1)
      expect(verifyEvidence({ ...honest, [part]: cut }, context).ok).toBe(false)
      expect(verifyEvidence({ ...honest, [part]: zeros(0) }, context).ok).toBe(false)
    }
  })
})

describe('the tier', () => {
  it('is never more than simulated without a production anchor', () => {
    const verdicts = [
      verifyEvidence(honest, context),
      verifyEvidence({ ...honest, quote: zeros(0) }, context),
      verifyEvidence(honest, { ...context, anchors: [] }),
      verifyEvidence(honest, {
        ...context,
        anchors: [{ ...manufacturer.anchor, environment: 'production' }],
      }),
    ]
    expect(verdicts.map((verdict) => verdict.tier)).toEqual(verdicts.map(() => 'simulated'))
  })
})

/** Remembered verdicts: what they are keyed by, when they end, and that they stay few. */
import { describe, expect, it } from 'vitest'
import {
  VERDICT_LIFE_MS_MAX,
  VERDICT_LIMIT_STEP_MS,
  VERDICT_REFUSED_LIFE_MS,
  VERDICTS_MAX,
} from '#attestation/constants.ts'
import { simulatedManufacturer } from '#attestation/evidence/simulated/manufacturer.ts'
import type { EvidenceBundle } from '#attestation/types.ts'
import { type VerdictContext, verifyEvidence } from '#attestation/verdict.ts'
import { VerdictCache } from '#attestation/verdict-cache.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
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
  seed,
} from './network.ts'

const honest = makeEvidence()
const refused = makeEvidence({ core: { role: 'client' } })

/** A cache that counts how often it really judged at the present moment of the context. */
function counting() {
  const judged = { count: 0 }
  const cache = new VerdictCache(crypto, (evidence, given) => {
    judged.count++
    return verifyEvidence(evidence, given)
  })
  const isRemembered = (evidence: EvidenceBundle, changes: Partial<VerdictContext> = {}) => {
    const before = judged.count
    const verdict = cache.judge(evidence, { ...context, ...changes })
    return { verdict, isRemembered: judged.count === before }
  }
  return { cache, isRemembered }
}

/** Judged once; what is asked next is answered from memory or not. */
function primed(evidence: EvidenceBundle = honest, changes: Partial<VerdictContext> = {}) {
  const made = counting()
  made.isRemembered(evidence, changes)
  return made
}

describe('a remembered verdict', () => {
  it('is the same verdict, and says that it is remembered', () => {
    const { verdict, isRemembered } = primed().isRemembered(honest)
    expect(isRemembered).toBe(true)
    const fresh = verifyEvidence(honest, context)
    expect(verdict).toMatchObject({ ok: true, tier: fresh.tier })
    expect(verdict.steps.slice(0, -1)).toEqual(fresh.steps)
    expect(verdict.steps.at(-1)).toMatchObject({ name: 'remembered-verdict', status: 'passed' })
  })

  it.each<[string, Partial<VerdictContext>]>([
    ['network', { globalId: -4 }],
    ['mainnet', { globalId: -239 }],
    ['anchors', { anchors: [] }],
    ['label of an anchor', { anchors: [{ ...manufacturer.anchor, environment: 'production' }] }],
    ['policy', { policy: { ...policy, tcb: { ...policy.tcb, evaluationNumberMin: 1_000 } } }],
    ['peer', { expected: { ...context.expected, identityKey: bytes(32, 8) } }],
    ['model', { expected: { ...context.expected, modelRoot: bytes(32, 8) } }],
    ['role', { expected: { ...context.expected, role: 'client' } }],
    ['chain', { notBeforeBlock: { seqno: 41, rootHash: bytes(32, 1), timeMs: nowMs } }],
    ['block not found', { notBeforeBlock: undefined }],
  ])('is not used for another %s, and what is judged instead is refused', (_, changes) => {
    const { verdict, isRemembered } = primed().isRemembered(honest, changes)
    expect(isRemembered).toBe(false)
    expect(verdict.ok).toBe(false)
  })

  it.each(['statement', 'quote', 'collateral', 'gpuEvidence'] as const)(
    'is not used for another %s',
    (part) => {
      const changed = { ...honest, [part]: new Uint8Array([...honest[part], 0]) }
      const { verdict, isRemembered } = primed().isRemembered(changed)
      expect(isRemembered).toBe(false)
      expect(verdict.ok).toBe(false)
    },
  )

  it('is not used when collateral was refreshed, even with collateral as good', () => {
    const later = simulatedManufacturer({ seed, nowMs: nowMs + 86_400_000, crypto })
    const refreshed = { ...honest, collateral: later.collateral }
    const nextDay = { nowMs: nowMs + minuteMs }
    expect(refreshed.collateral).not.toEqual(honest.collateral)
    const { isRemembered, verdict } = primed().isRemembered(refreshed, nextDay)
    expect([isRemembered, verdict.ok]).toEqual([false, true])
  })

  it('is not used by a policy that was read anew and says something else', () => {
    const looser = { ...policy, name: 'renamed' }
    expect(primed().isRemembered(honest, { policy: looser }).isRemembered).toBe(false)
    expect(primed().isRemembered(honest, { policy: { ...policy } }).isRemembered).toBe(true)
  })

  it('is forgotten when the cache is cleared', () => {
    const { cache, isRemembered } = primed()
    cache.clear()
    expect(isRemembered(honest).isRemembered).toBe(false)
  })

  it('is never made of a challenge: its nonce is new each time', () => {
    const { evidence, challenge } = makeChallenge([bytes(32, 1)], 0)
    const made = primed(evidence, { challenge })
    expect(made.isRemembered(evidence, { challenge }).isRemembered).toBe(false)
    expect(made.cache.size).toBe(0)
    // Nor does an epoch verdict answer a challenge.
    const downgraded = primed().isRemembered(honest, { challenge })
    expect(downgraded.isRemembered).toBe(false)
    expect(downgraded.verdict.ok).toBe(false)
  })

  it('refuses to remember evidence with a part that it cannot name by a digest', () => {
    const odd = { ...honest, more: { nested: 1 } }
    expect(() => counting().isRemembered(odd)).toThrow(RangeError)
  })
})

describe('the limit of a remembered verdict', () => {
  /** Whether it is still remembered, and good, this long after it was judged. */
  const at = (made: ReturnType<typeof primed>, evidence: EvidenceBundle, atMs: number, more = {}) =>
    made.isRemembered(evidence, { nowMs: atMs, ...more })

  it('is an hour when nothing ends before', () => {
    const block = { seqno: 41, rootHash: bytes(32, 0x42), timeMs: nowMs }
    const long = makeEvidence({ core: { notAfterMs: nowMs + 75 * minuteMs } })
    const given = { notBeforeBlock: block }
    const made = primed(long, given)
    expect(at(made, long, nowMs + VERDICT_LIFE_MS_MAX, given).isRemembered).toBe(true)
    expect(at(made, long, nowMs + VERDICT_LIFE_MS_MAX + 1, given).isRemembered).toBe(false)
  })

  it('is the end of the keys when that comes first', () => {
    const made = primed()
    const endMs = core.notAfterMs
    expect(at(made, honest, endMs - VERDICT_LIMIT_STEP_MS).isRemembered).toBe(true)
    const after = at(made, honest, endMs + 1)
    expect([after.isRemembered, after.verdict.ok]).toEqual([false, false])
  })

  it('is the age of the not-before block when that comes first', () => {
    const block = { seqno: 41, rootHash: bytes(32, 0x42), timeMs: nowMs - 60 * minuteMs }
    const given = { notBeforeBlock: block }
    const evidence = makeEvidence({ core: { notAfterMs: nowMs + 15 * minuteMs } })
    const made = primed(evidence, given)
    const endMs = nowMs + 15 * minuteMs
    expect(at(made, evidence, endMs - VERDICT_LIMIT_STEP_MS, given).isRemembered).toBe(true)
    expect(at(made, evidence, endMs + 1, given).verdict.ok).toBe(false)
  })

  it("is the collateral's next update when that comes first", () => {
    // Issued at midnight of the day before, good for 31 days.
    const dayMs = 86_400_000
    const endMs = Math.floor(nowMs / dayMs) * dayMs + 30 * dayMs
    const startMs = endMs - 20 * minuteMs
    const block = { seqno: 41, rootHash: bytes(32, 0x42), timeMs: startMs }
    const given = { notBeforeBlock: block }
    const evidence = makeEvidence({ core: { notAfterMs: startMs + 60 * minuteMs } })
    const made = primed(evidence, { ...given, nowMs: startMs })
    expect(at(made, evidence, endMs - VERDICT_LIMIT_STEP_MS, given).isRemembered).toBe(true)
    const after = at(made, evidence, endMs + 1, given)
    expect([after.isRemembered, after.verdict.ok]).toEqual([false, false])
  })

  it('does not hold for a clock that went back', () => {
    expect(at(primed(), honest, nowMs - 1).isRemembered).toBe(false)
  })

  it('of a refusal is short', () => {
    const made = primed(refused)
    const soon = at(made, refused, nowMs + VERDICT_REFUSED_LIFE_MS)
    expect([soon.isRemembered, soon.verdict.ok]).toEqual([true, false])
    expect(at(made, refused, nowMs + VERDICT_REFUSED_LIFE_MS + 1).isRemembered).toBe(false)
  })

  it('of a refusal for an unknown block ends when the block is found', () => {
    const made = primed(honest, { notBeforeBlock: undefined })
    expect(made.isRemembered(honest).verdict.ok).toBe(true)
  })
})

describe('the memory for verdicts', () => {
  it('is bounded, and keeps what was used last', () => {
    let judged = 0
    const cache = new VerdictCache(crypto, () => {
      judged++
      return { evidenceKind: 'tdx', tier: 'simulated', ok: false, steps: [] }
    })
    const judge = (n: number): boolean => {
      const before = judged
      cache.judge({ ...honest, quote: Uint8Array.of(n >> 8, n & 0xff) }, context)
      return judged > before
    }
    for (let n = 0; n <= VERDICTS_MAX; n++) {
      judge(n)
      judge(0)
    }
    expect(cache.size).toBe(VERDICTS_MAX)
    expect([judge(0), judge(VERDICTS_MAX), judge(1)]).toEqual([false, false, true])
    expect(cache.size).toBe(VERDICTS_MAX)
  })
})

/**
 * Differential fuzzing: the same generated TDX evidence, under a simulated root, before ours and before another verifier.
 * Ours accepts nothing that the other refuses, and every class of what it refuses alone is explained.
 */
import { describe, expect, it } from 'vitest'
import { honest, makeTdx } from '../attestation/forge.ts'
import { nowMs, policy } from '../attestation/network.ts'
import { classOf, DIFFERENCES, OLD_MODULE } from './differences.ts'
import { mutated } from './mutations.ts'
import { ours, theirs } from './oracle.ts'
import { Seeded } from './seeded.ts'

const CASES = process.env['LONG'] === '1' ? 8_000 : 500
/** A run can be had again, and another one with COCOON_FUZZ_SEED. */
const SEED = Number(process.env['COCOON_FUZZ_SEED'] ?? 5_000)

describe(`${CASES} cases from seed ${SEED}`, () => {
  const outcomes = Array.from({ length: CASES }, (_, at) => {
    const subject = mutated(new Seeded(SEED + at))
    return { seed: SEED + at, ours: ours(subject), theirs: theirs(subject) }
  })
  const both = (isAccepted: boolean) =>
    outcomes.filter(
      (one) =>
        (one.ours === 'accepted') === isAccepted && (one.theirs === 'accepted') === isAccepted,
    )
  const onlyTheirs = outcomes.filter((one) => one.theirs === 'accepted' && one.ours !== 'accepted')

  it('contain evidence that both accept, and evidence that both refuse', () => {
    expect(both(true).length).toBeGreaterThan(CASES / 10)
    expect(both(false).length).toBeGreaterThan(CASES / 4)
  })

  it('contain none that ours accepts and the other refuses, but for old modules', () => {
    const lenient = outcomes.filter((one) => one.ours === 'accepted' && one.theirs !== 'accepted')
    expect(lenient.filter((one) => !OLD_MODULE.test(one.theirs))).toEqual([])
    for (const { seed } of lenient) {
      expect(ours(mutated(new Seeded(seed)), policy)).toMatch(/^tcb-status: TCB status OutOfDate/)
    }
  })

  it('have an explanation wherever ours alone refuses', () => {
    expect(onlyTheirs.filter((one) => classOf(one.ours) === undefined)).toEqual([])
  })

  it('never make ours break instead of refusing', () => {
    const broken = outcomes.filter((one) => /the check itself broke|^incomplete$/.test(one.ours))
    expect(broken).toEqual([])
  })

  it.each(DIFFERENCES.filter(({ isCommon }) => isCommon && SEED === 5_000))(
    'still differ in: $name',
    ({ name }) => {
      expect(onlyTheirs.some((one) => classOf(one.ours)?.name === name)).toBe(true)
    },
  )
})

describe('the oracle', () => {
  it('accepts honest evidence and refuses a changed quote', () => {
    const subject = { quote: makeTdx({}).quote, collateral: honest, nowMs }
    expect([ours(subject), theirs(subject)]).toEqual(['accepted', 'accepted'])
    const quote = subject.quote.with(100, (subject.quote[100] ?? 0) ^ 1)
    expect(ours({ ...subject, quote })).toMatch(/^quote-signature: /)
    expect(theirs({ ...subject, quote })).not.toBe('accepted')
  })
})

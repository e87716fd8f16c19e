import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ChannelModel } from './channel-model.ts'

type Step = (model: ChannelModel) => void

const nano = fc.bigInt({ min: 0n, max: 1_000n })
const pick = fc.nat(7)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 1,
    arbitrary: nano.map(
      (more): Step =>
        (m) =>
          m.topUp(more * 5n + 1n),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Step>((m) => m.claim()) },
  {
    weight: 4,
    arbitrary: nano.map(
      (at): Step =>
        (m) =>
          m.ask(at),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(pick, nano).map(
      ([which, more]): Step =>
        (m) =>
          m.raise(which, more),
    ),
  },
  { weight: 8, arbitrary: fc.constant<Step>((m) => m.deliverToProvider()) },
  { weight: 8, arbitrary: fc.constant<Step>((m) => m.deliverToClient()) },
  {
    weight: 8,
    arbitrary: fc.tuple(pick, fc.nat(100), fc.boolean()).map(
      ([which, share, final]): Step =>
        (m) =>
          m.serve(which, share, final),
    ),
  },
  { weight: 2, arbitrary: fc.constant<Step>((m) => m.finalVoucher()) },
  {
    weight: 1,
    arbitrary: fc.boolean().map(
      (lost): Step =>
        (m) =>
          m.meet(lost),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Step>((m) => m.saveBackup()) },
  { weight: 1, arbitrary: fc.constant<Step>((m) => m.restoreBackup()) },
)

describe('a channel between honest sides over a line that loses messages', () => {
  it('conserves money, never disputes, and agrees whenever the sides meet', () => {
    const seen = new Map<string, number>()
    fc.assert(
      fc.property(fc.array(step, { minLength: 30, maxLength: 120 }), (steps) => {
        const model = new ChannelModel()
        model.topUp(20_000n)
        for (const run of steps) {
          run(model)
          model.check()
        }
        model.meet(false)
        model.check()
        for (const [what, times] of model.counts) seen.set(what, (seen.get(what) ?? 0) + times)
      }),
      { numRuns: 60 },
    )
    // A fuzz that never reaches an operation proves nothing about it.
    const kinds = ['top-up', 'claim', 'ask', 'raise', 'checkpoint', 'leaf', 'to-provider']
    kinds.push('to-client', 'final-voucher', 'meet', 'meet-lost', 'backup', 'restore')
    for (const kind of kinds) expect(seen.get(kind) ?? 0, kind).toBeGreaterThan(10)
  })
})

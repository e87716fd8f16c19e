/**
 * Judges mutants by the fuzz alone, one after the other, for the process that started it: takes a
 * mutant as a message, answers with what became of it.
 */
import { PRICE_TABLES } from '#settlement/devchain/prices.ts'
import { fuzzWith } from './graph.ts'
import { type ChangedCodes, changedCodes, type Mutant } from './mutants.ts'

export type ModelVerdict = 'killed' | 'survived' | 'same' | 'invalid'

export interface ModelAnswer {
  readonly verdict: ModelVerdict
  /** The codes that survived, for the hand-written tests. */
  readonly codes: ChangedCodes
}

process.on('message', (mutant: Mutant) => {
  void answer(mutant).then((found) => process.send?.(found))
})

// Whoever asked is gone.
process.on('disconnect', () => process.exit())

async function answer(mutant: Mutant): Promise<ModelAnswer> {
  const codes = await changedCodes(mutant)
  if (codes === undefined) return { verdict: 'invalid', codes: [] }
  if (codes.length === 0) return { verdict: 'same', codes }
  return { verdict: (await agrees(codes)) ? 'survived' : 'killed', codes }
}

/** Whether the models of all these contracts say the same as the mutants in CI's fuzz. */
async function agrees(codes: ChangedCodes): Promise<boolean> {
  const { runSubject, SUBJECTS } = await fuzzWith(codes)
  for (const prices of PRICE_TABLES) {
    for (const subject of SUBJECTS) {
      if (!codes.some(([name]) => name === subject.name)) continue
      try {
        await runSubject(subject, prices, subject.short)
      } catch {
        return false
      }
    }
  }
  return true
}

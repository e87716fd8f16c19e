/**
 * A sample of the mutation test of the contracts; all of it is `npm run mutants`. The harness itself is
 * tested too: code that is the contract's own, or as good as it, must survive.
 */
import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { Dice } from '../fuzz/dice.ts'
import { listedEquivalents } from './equivalents.ts'
import { Judge } from './judge.ts'
import { allMutants, FOLDER } from './mutants.ts'
import { changesOf } from './operators.ts'
import { statementsOf } from './statements.ts'

const TIMEOUT_MS = 300_000
const SAMPLE = 2
const SEED = 20_261_123

describe('mutants of the contracts', () => {
  const judges: Judge[] = []
  const newJudge = () => {
    const judge = new Judge()
    judges.push(judge)
    return judge
  }
  afterAll(() => {
    for (const judge of judges) judge.end()
  })
  const mutants = allMutants()

  it('are many, each with an id of its own, none of them the source', () => {
    expect(mutants.length).toBeGreaterThan(1_000)
    expect(new Set(mutants.map(({ id }) => id)).size).toBe(mutants.length)
  })

  it('that are listed as equivalent exist and say why', () => {
    const ids = new Set(mutants.map(({ id }) => id))
    for (const [id, why] of listedEquivalents()) {
      expect(ids, id).toContain(id)
      expect(why.length, id).toBeGreaterThan(20)
    }
  })

  it(
    'are killed, in a sample',
    async () => {
      const judge = newJudge()
      const dice = new Dice(SEED)
      const checks = mutants.filter(({ id }) =>
        id.includes('uni-channel.tolk topUp drop an assert'),
      )
      for (let at = 0; at < SAMPLE; at++) {
        const mutant = checks[dice.below(checks.length)]!
        expect(['fuzz', 'tests', 'same', 'invalid'], mutant.id).toContain(await judge.judge(mutant))
      }
    },
    TIMEOUT_MS,
  )

  it(
    'survive when they change nothing that matters',
    async () => {
      const judge = newJudge()
      const like = mutants.find(({ file }) => file === 'epoch-anchor.tolk')!
      const anchor = { ...like, contracts: ['epoch-anchor'] as const }
      const source = readFileSync(new URL('epoch-anchor.tolk', FOLDER), 'utf8')
      expect(await judge.judge({ ...anchor, id: 'a comment', source: `${source}// more\n` })).toBe(
        'same',
      )
      const idle = source.replace(
        'var state = Storage.load();',
        'var state = Storage.load();\n    getGasConsumedAtTheMoment();',
      )
      expect(await judge.judge({ ...anchor, id: 'idle', source: idle })).toMatch(
        /^(survived|same)$/,
      )
      const wrong = source.replace('epoch > state', 'epoch >= state')
      expect(await judge.judge({ ...anchor, id: 'a boundary', source: wrong })).toBe('fuzz')
    },
    TIMEOUT_MS,
  )

  it('come from each statement by every operator that fits', () => {
    const source = 'fun f(a: int) {\n    assert (a > 1) throw ERROR_A; // why\n}\n'
    const [statement] = statementsOf(source)
    expect(statement).toMatchObject({ within: 'f', text: 'assert (a > 1) throw ERROR_A;' })
    const texts = changesOf(statement!.text).map(({ text }) => text)
    expect(texts).toEqual([
      '',
      'assert (a >= 1) throw ERROR_A;',
      'assert (a <= 1) throw ERROR_A;',
      'assert (a > 2) throw ERROR_A;',
      'assert (a > 0) throw ERROR_A;',
      'assert (a > 1) throw ERROR_A + 1;',
    ])
  })
})

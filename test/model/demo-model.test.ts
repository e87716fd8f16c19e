/** Grades the demonstration model through the real engine, as `cocoon bench model` does. */
import { beforeAll, describe, expect, it } from 'vitest'
import { type DemoQuestion, demoFacts, demoQuestions } from '#node/bench/demo-questions.ts'
import { type GradedQuestion, gradeDemoModel } from '#node/bench/model.ts'

const PARAPHRASES = 60
const OFF_TOPIC = 12
const SKILLS_MIN = 5
const SKILL_QUESTIONS = 40
const REPEATED_WORDS = 8

describe('demonstration model', () => {
  const questions = demoQuestions()
  const graded = new Map<string, GradedQuestion[]>()

  beforeAll(async () => {
    for (const one of await gradeDemoModel(questions)) {
      graded.set(one.set, [...(graded.get(one.set) ?? []), one])
    }
  })

  it('is asked as many questions as its card says', () => {
    const sets = Map.groupBy(questions, ({ set }) => set)
    expect(sets.get('paraphrases')).toHaveLength(PARAPHRASES)
    expect(sets.get('off-topic')).toHaveLength(OFF_TOPIC)
    const skills = [...sets.keys()].filter((set) => set.startsWith('skill: '))
    expect(skills).toEqual(
      expect.arrayContaining(['skill: capital', 'skill: convert', 'skill: plural']),
    )
    expect(skills.length).toBeGreaterThanOrEqual(SKILLS_MIN)
    for (const skill of skills) expect(sets.get(skill)).toHaveLength(SKILL_QUESTIONS)
  })

  it.each([...new Set(questions.map(({ set }) => set))])('answers enough of %s', (set) => {
    const answers = graded.get(set) ?? []
    const wrong = answers.filter(({ isRight }) => !isRight)
    const shown = wrong.map(({ question, answer }) => `${question} -> ${answer}`).join('\n')
    const shareMin = answers[0]?.shareMin ?? Number.NaN
    console.log(`${set}: ${answers.length - wrong.length} of ${answers.length} right`)
    expect(answers.length - wrong.length, shown).toBeGreaterThanOrEqual(shareMin * answers.length)
  })

  it('writes a long answer that does not go round in circles', async () => {
    const { longQuestion, longMinTokens } = demoFacts()
    const long: DemoQuestion = {
      set: 'long',
      question: longQuestion,
      shareMin: 1,
      isRight: (answer) => answer.length > 0,
    }
    const [given] = await gradeDemoModel([long], { answerTokensMax: 300 })
    expect(longMinTokens).toBeGreaterThanOrEqual(150)
    expect(given?.tokens).toBeGreaterThanOrEqual(longMinTokens)
    const words = given?.answer.toLowerCase().split(/\s+/) ?? []
    const seen = new Map<string, number>()
    for (let at = 0; at + REPEATED_WORDS <= words.length; at++) {
      const run = words.slice(at, at + REPEATED_WORDS).join(' ')
      seen.set(run, (seen.get(run) ?? 0) + 1)
    }
    expect(Math.max(...seen.values()), given?.answer).toBeLessThan(3)
  })
})

/** What the demonstration model is asked, and when an answer counts as right; models/evaluation. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const EVALUATION = new URL('../../models/evaluation/', import.meta.url)
export const DEMO_MODEL_FOLDER = fileURLToPath(new URL('../../models/demo', import.meta.url))

/** Of the paraphrases, and of each skill by itself. */
const RIGHT_SHARE_MIN = 0.9
const REFUSED_SHARE_MIN = 10 / 12

export interface DemoQuestion {
  /** "paraphrases", "off-topic" or "skill: NAME". */
  readonly set: string
  readonly question: string
  /** Share of the set that is to be right, 0 to 1. */
  readonly shareMin: number
  readonly isRight: (answer: string) => boolean
}

/** Written by models/training/facts.py. */
export interface DemoFacts {
  readonly longQuestion: string
  readonly longMinTokens: number
  readonly refusalMarkers: readonly string[]
  /** An answer is right when it holds at least one wording of each required group. */
  readonly facts: readonly { readonly id: string; readonly required: readonly string[][] }[]
}

function read<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, EVALUATION), 'utf8')) as T
}

export const demoFacts = (): DemoFacts => read('facts.json')

/**
 * Paraphrases and off-topic questions are by somebody who had not read the generator of the training
 * text; a skill's are in wordings, and where it has no closed table on inputs, that it never draws.
 */
export function demoQuestions(): DemoQuestion[] {
  return [...paraphrases(), ...offTopic(), ...skills()]
}

function paraphrases(): DemoQuestion[] {
  const required = new Map(demoFacts().facts.map((fact) => [fact.id, fact.required]))
  return read<{ id: string; question: string }[]>('paraphrases.json').map(({ id, question }) => ({
    set: 'paraphrases',
    question,
    shareMin: RIGHT_SHARE_MIN,
    isRight: (answer) => {
      const said = answer.toLowerCase()
      const groups = required.get(id) ?? [[]]
      return groups.every((group) => group.some((one) => said.includes(one.toLowerCase())))
    },
  }))
}

function offTopic(): DemoQuestion[] {
  const { refusalMarkers } = demoFacts()
  return read<string[]>('off-topic.json').map((question) => ({
    set: 'off-topic',
    question,
    shareMin: REFUSED_SHARE_MIN,
    isRight: (answer) => refusalMarkers.some((marker) => answer.includes(marker)),
  }))
}

function skills(): DemoQuestion[] {
  const cases = read<{ skill: string; question: string; answer: string }[]>('skills.json')
  return cases.map(({ skill, question, answer }) => ({
    set: `skill: ${skill}`,
    question,
    shareMin: RIGHT_SHARE_MIN,
    isRight: (given) => given.trim() === answer,
  }))
}

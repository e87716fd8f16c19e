/**
 * `cocoon bench verify`: how often a replay accuses an honest provider, and how often it catches one that
 * serves fewer bits or another model. Answers are drawn at temperature 1 after random prompts, where
 * every token can tell.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { uniform } from '#inference/decoding/sampling/uniform.ts'
import type { Engine, GenerateRequest } from '#inference/engine.ts'
import { loadChatTokenizer } from '#inference/model/chat-tokenizer.ts'
import { readTokenizerFiles } from '#inference/model/read-model.ts'
import { createOnnxEngine } from '#inference/onnx/onnx-engine.ts'
import {
  type Agreement,
  agreementOf,
  type ClaimedToken,
} from '#inference/verification/agreement.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { systemClock as clock } from '../../clock.ts'
import { type BenchDocument, type BenchRow, benchDocument } from '../rows.ts'
import { inGroups } from './in-groups.ts'
import { verifySubjects } from './subjects.ts'

const TRIALS = 1_000
const ANSWER_TOKENS = 64
const PROMPT_TOKENS_MIN = 8
const PROMPT_TOKENS_MAX = 40
/** Answers side by side; replays run beside another number of others, which must not matter. */
const ANSWERS_AT_ONCE = 8
const REPLAYS_AT_ONCE = 5

type Trial = Omit<GenerateRequest, 'signal'>

interface Answered {
  readonly trial: Trial
  readonly answer: readonly ClaimedToken[]
}

/** An answer, and what the honest model makes of it. */
interface Checked {
  readonly answer: readonly ClaimedToken[]
  readonly agreement: Agreement
}

/** By who gave the answers. */
type CheckedByWhom = Readonly<Record<'honest' | 'cheaper' | 'other', readonly Checked[]>>

/** @param trials fewer of them make a quick look */
export async function benchVerify(seed: number, trials = TRIALS): Promise<BenchDocument> {
  const folder = await mkdtemp(path.join(tmpdir(), 'cocoon-bench-verify-'))
  try {
    const subjects = await verifySubjects(folder, seed)
    const asked = await makeTrials(subjects.honest, seed, trials)
    const honest = await answersOf(subjects.honest, asked)
    const cheaper = await answersOf(subjects.cheaper, asked)
    const other = await answersOf(subjects.other, asked)
    await using verifier = await open(subjects.honest, REPLAYS_AT_ONCE)
    const replays = {
      honest: await replaysOf(verifier, honest),
      cheaper: await replaysOf(verifier, cheaper),
      other: await replaysOf(verifier, other),
    }
    return benchDocument('verify', seed, verifyRows(replays), { engine: verifier.info.engine })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The same for every model: all of them have one tokenizer. */
async function makeTrials(folder: string, seed: number, count: number): Promise<Trial[]> {
  const tokenizer = loadChatTokenizer(await readTokenizerFiles(folder))
  const { endTokenIds, vocabularySize } = tokenizer
  const ends = new Set(endTokenIds)
  const plainIds = Array.from({ length: vocabularySize }, (_, id) => id).filter(
    (id) => !ends.has(id),
  )
  return Array.from({ length: count }, (_, trial) => {
    const random = (position: number, below: number) =>
      Math.floor(uniform(BigInt(seed) * BigInt(TRIALS) + BigInt(trial), position, crypto) * below)
    const length = PROMPT_TOKENS_MIN + random(0, PROMPT_TOKENS_MAX - PROMPT_TOKENS_MIN + 1)
    const promptTokenIds = Array.from(
      { length },
      (_, at) => plainIds[random(at + 1, plainIds.length)] ?? 0,
    )
    return {
      promptTokenIds,
      resumeTokenIds: [],
      maxTokens: ANSWER_TOKENS,
      sampling: {
        temperature: 1,
        topP: 1,
        seed: BigInt(trial),
        // Every answer has its full length.
        logitBias: endTokenIds.map((id) => ({ id, bias: -100 })),
      },
      stop: [],
      topLogprobs: 0,
    }
  })
}

function open(folder: string, slotsTotal: number) {
  return createOnnxEngine({ folder, modelId: path.basename(folder), slotsTotal, clock })
}

async function answersOf(folder: string, trials: readonly Trial[]): Promise<Answered[]> {
  await using engine = await open(folder, ANSWERS_AT_ONCE)
  return await inGroups(trials, ANSWERS_AT_ONCE, async (trial) => {
    const answer: ClaimedToken[] = []
    const { signal } = new AbortController()
    for await (const event of engine.generate({ ...trial, signal })) {
      if (event.kind === 'token') answer.push({ id: event.id, logprob: event.logprobs?.logprob })
    }
    return { trial, answer }
  })
}

function replaysOf(verifier: Engine, answers: readonly Answered[]): Promise<Checked[]> {
  return inGroups(answers, REPLAYS_AT_ONCE, async ({ trial, answer }) => ({
    answer,
    agreement: await verifier.verify({
      ...trial,
      answer,
      schedule: { digest: verifier.info.scheduleDigest, resumedTokens: 0 },
      signal: new AbortController().signal,
    }),
  }))
}

interface Way {
  readonly name: string
  readonly judge: (checked: Checked) => Agreement
}

/** As the engine judges; from the ids alone; and as it would judge another class of hardware. */
const WAYS: readonly Way[] = [
  { name: '', judge: ({ agreement }) => agreement },
  {
    name: ', ids alone',
    judge: ({ answer, agreement }) =>
      agreementOf(
        answer.map(({ id }) => ({ id })),
        agreement.replayed,
        true,
      ),
  },
  {
    name: ', with the tolerance for other hardware',
    judge: ({ answer, agreement }) => agreementOf(answer, agreement.replayed, false),
  },
]

function verifyRows({ honest, cheaper, other }: CheckedByWhom): BenchRow[] {
  return WAYS.flatMap((way, at) => {
    const isMain = at === 0
    const atMost = (most: number) => (isMain ? { most } : {})
    const atLeast = (least: number) => (isMain ? { least } : {})
    return [
      shareRow(`false accusations${way.name}`, honest, way, atMost(0.1)),
      shareRow(`q4 served as q8, caught${way.name}`, cheaper, way, atLeast(99)),
      shareRow(`another model, caught${way.name}`, other, way, atLeast(100)),
    ]
  })
}

/** How many of the answers are judged to be different, in percent. */
function shareRow(
  figure: string,
  checked: readonly Checked[],
  { judge }: Way,
  { most, least }: { readonly most?: number; readonly least?: number },
): BenchRow {
  const different = checked.filter((one) => judge(one).verdict === 'different').length
  const value = (100 * different) / checked.length
  const hasGoal = most !== undefined || least !== undefined
  return {
    figure,
    value,
    unit: '%',
    against: `${checked.length} answers of ${ANSWER_TOKENS} tokens`,
    ratio: null,
    reach:
      most === undefined ? (least === undefined ? '' : `at least ${least} %`) : `at most ${most} %`,
    ok: hasGoal ? value <= (most ?? 100) && value >= (least ?? 0) : null,
    min: value,
    median: value,
    max: value,
  }
}

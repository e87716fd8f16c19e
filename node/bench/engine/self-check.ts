/**
 * `cocoon bench engine --self-check`: whether a device computes what this machine's cpu computes, on made-up
 * weights. Both engines run in processes of their own, as a provider's does; answers of the cpu are replayed
 * on the device, so that one rounding does not send the rest another way.
 */
import { readFile } from 'node:fs/promises'
import type { Engine, TokenLogprobs } from '#inference/engine.ts'
import type { OnnxEngine } from '#inference/onnx/onnx-engine.ts'
import type { Quantisation } from '#inference/synth/shapes.ts'
import { promptIds } from './subject.ts'

export interface SelfCheckRow {
  readonly check: string
  readonly found: string
  readonly limit: string
  /** Null: a figure, not a verdict. */
  readonly ok: boolean | null
}

export interface SelfCheckEffort {
  readonly answers: number
  /** Of each answer. */
  readonly tokens: number
  readonly steadySteps: number
}

export const SELF_CHECK: SelfCheckEffort = { answers: 4, tokens: 32, steadySteps: 200 }

export interface SelfCheckSubject {
  /** For example "small fp32". */
  readonly name: string
  readonly quantisation: Quantisation
  readonly vocabularySize: number
  /** The answers that the device is measured by. */
  readonly reference: Engine
  readonly device: OnnxEngine
}

/**
 * Nats by which a log probability may differ. fp32: sums in another order, rounded at 2^-24. Below that the
 * cpu rounds activations to 8 bits in blocks (accuracy level 4) and a GPU may not: most of the gap is the cpu's.
 */
const GAP_MAX: Readonly<Record<Quantisation, number>> = { fp32: 0.002, q8: 0.5, q4: 0.5 }
/** Resident memory of the engine process, after it has answered once. */
const GROWTH_BYTES_MAX = 64 * 1024 ** 2
const PROMPT_TOKENS = 48
const TOP = 2

interface Token {
  readonly id: number
  readonly logprobs: TokenLogprobs
}

export async function selfCheck(
  subject: SelfCheckSubject,
  effort: SelfCheckEffort,
): Promise<SelfCheckRow[]> {
  const prompts = Array.from({ length: effort.answers }, (_, stream) =>
    promptIds(PROMPT_TOKENS, stream, 1, subject.vocabularySize),
  )
  const expected: Token[][] = []
  for (const prompt of prompts) {
    expected.push(await answer(subject.reference, prompt, effort.tokens))
  }
  const row = (check: string, rest: Omit<SelfCheckRow, 'check'>) => ({
    check: `${subject.name}: ${check}`,
    ...rest,
  })
  const replayed = await replays(subject.device, prompts, expected)
  return [
    row('log probabilities beside the cpu', gapRow(expected, replayed, subject.quantisation)),
    row('greedy tokens beside the cpu', tokensRow(expected, replayed, subject.quantisation)),
    row('answers side by side beside alone', await batchRow(subject.device, prompts, effort)),
    row('memory', await memoryRow(subject.device, prompts[0] ?? [], effort)),
    ...(await speedRows(subject.device, prompts, effort)).map(([check, rest]) => row(check, rest)),
  ]
}

async function answer(engine: Engine, prompt: readonly number[], tokens: number, replay?: Token[]) {
  const out: Token[] = []
  const events = engine.generate({
    promptTokenIds: prompt,
    resumeTokenIds: [],
    maxTokens: tokens,
    sampling: { temperature: 0, topP: 1, seed: 1n },
    stop: [],
    topLogprobs: TOP,
    ...(replay === undefined ? {} : { replayTokenIds: replay.map(({ id }) => id) }),
    signal: new AbortController().signal,
  })
  for await (const event of events) {
    if (event.kind !== 'token' || event.logprobs === undefined) continue
    out.push({ id: event.id, logprobs: event.logprobs })
  }
  return out
}

async function replays(
  engine: Engine,
  prompts: readonly (readonly number[])[],
  expected: Token[][],
): Promise<Token[][]> {
  const out: Token[][] = []
  for (const [at, claimed] of expected.entries()) {
    out.push(await answer(engine, prompts[at] ?? [], claimed.length, claimed))
  }
  return out
}

type Verdict = Omit<SelfCheckRow, 'check'>

function pairs(expected: Token[][], replayed: Token[][]): [Token, Token | undefined][] {
  return expected.flatMap((tokens, at) =>
    tokens.map((token, position): [Token, Token | undefined] => [token, replayed[at]?.[position]]),
  )
}

function gapRow(expected: Token[][], replayed: Token[][], kind: Quantisation): Verdict {
  const gaps = pairs(expected, replayed).map(([token, other]) =>
    Math.abs(token.logprobs.logprob - (other?.logprobs.logprob ?? Number.NaN)),
  )
  // NaN, of a token that is missing or of a device that computes none, is over every limit.
  const gapMax = Math.max(0, ...gaps)
  const limit = GAP_MAX[kind]
  return {
    found: `at most ${gapMax.toPrecision(2)} nat in ${gaps.length} tokens`,
    limit: `${limit} nat`,
    ok: gaps.length > 0 && gapMax <= limit,
  }
}

/** Another id is right only where the cpu's first two are so close that the tolerance can turn them. */
function tokensRow(expected: Token[][], replayed: Token[][], kind: Quantisation): Verdict {
  const all = pairs(expected, replayed)
  const others = all.filter(([token, other]) => token.id !== other?.id)
  const wrong = others.filter(([{ logprobs }, other]) => {
    const [first, second] = logprobs.top
    const lead = (first?.logprob ?? 0) - (second?.logprob ?? Number.NEGATIVE_INFINITY)
    return other === undefined || !(lead <= 2 * GAP_MAX[kind])
  })
  return {
    found: `${all.length - others.length} of ${all.length} equal, ${wrong.length} wrong`,
    limit: 'equal, but for near ties',
    ok: all.length > 0 && wrong.length === 0,
  }
}

async function batchRow(
  engine: Engine,
  prompts: readonly (readonly number[])[],
  { tokens }: SelfCheckEffort,
): Promise<Verdict> {
  const alone: Token[][] = []
  for (const prompt of prompts) alone.push(await answer(engine, prompt, tokens))
  const together = await Promise.all(prompts.map((prompt) => answer(engine, prompt, tokens)))
  const all = pairs(alone, together)
  const sameIds = all.filter(([one, other]) => one.id === other?.id).length
  const sameBits = all.filter(([one, other]) => one.logprobs.logprob === other?.logprobs.logprob)
  return {
    found: `${sameIds} of ${all.length} tokens, ${sameBits.length} to the last bit`,
    limit: 'every token',
    ok: all.length > 0 && sameIds === all.length,
  }
}

async function memoryRow(
  engine: OnnxEngine,
  prompt: readonly number[],
  { steadySteps, tokens }: SelfCheckEffort,
): Promise<Verdict> {
  const before = await residentBytes(engine.processId)
  for (let left = steadySteps; left > 0; left -= tokens) {
    await answer(engine, prompt, Math.min(left, tokens))
  }
  const after = await residentBytes(engine.processId)
  const limit = `${GROWTH_BYTES_MAX / 1024 ** 2} MiB`
  if (before === undefined || after === undefined) {
    return { found: 'this system does not tell', limit, ok: null }
  }
  const growthMib = ((after - before) / 1024 ** 2).toFixed(1)
  const found = `${growthMib} MiB more after ${steadySteps} steps`
  return { found, limit, ok: after - before <= GROWTH_BYTES_MAX }
}

/** Linux only: of the engine's process, so not what lies on a device that has memory of its own. */
async function residentBytes(processId: number | undefined): Promise<number | undefined> {
  const text = await readFile(`/proc/${processId}/status`, 'utf8').catch(() => '')
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1]
  return kib === undefined ? undefined : Number(kib) * 1024
}

async function speedRows(
  engine: Engine,
  prompts: readonly (readonly number[])[],
  { tokens }: SelfCheckEffort,
): Promise<[string, Verdict][]> {
  const figure = (perSecond: number): Verdict => ({
    found: `${perSecond.toPrecision(3)} tok/s`,
    limit: '',
    ok: null,
  })
  const timed = async (run: () => Promise<unknown>) => {
    const startMs = performance.now()
    await run()
    return (performance.now() - startMs) / 1_000
  }
  const [prompt = []] = prompts
  const readS = await timed(() => answer(engine, prompt, 1))
  const oneS = await timed(() => answer(engine, prompt, tokens))
  const allS = await timed(() => Promise.all(prompts.map((one) => answer(engine, one, tokens))))
  return [
    [`reading ${PROMPT_TOKENS} tokens`, figure(PROMPT_TOKENS / readS)],
    ['decoding, 1 stream, prompt included', figure(tokens / oneS)],
    [
      `decoding, ${prompts.length} streams, prompts included`,
      figure((prompts.length * tokens) / allS),
    ],
  ]
}

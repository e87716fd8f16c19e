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
/** To see that it works; proves little. */
export const SELF_CHECK_QUICK: SelfCheckEffort = { answers: 2, tokens: 6, steadySteps: 12 }

/** Who waits, and how to end it. A software device takes minutes. */
export interface SelfCheckWatch {
  readonly signal: AbortSignal
  readonly say: (text: string) => void
}

const UNWATCHED: SelfCheckWatch = { signal: new AbortController().signal, say: () => undefined }

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
const GAP_MAX: Readonly<Record<Quantisation, number>> = {
  fp32: 0.002,
  fp16: 0.05,
  q8: 0.5,
  q4: 0.5,
  q4f16: 0.5,
}
/** Resident memory of the engine process, after it has answered once. */
const GROWTH_BYTES_MAX = 64 * 1024 ** 2
const PROMPT_TOKENS = 48
const TOP = 2

interface Token {
  readonly id: number
  readonly logprobs: TokenLogprobs
}

/** @throws DOMException AbortError; and what an engine throws */
export async function selfCheck(
  subject: SelfCheckSubject,
  effort: SelfCheckEffort,
  watch: SelfCheckWatch = UNWATCHED,
): Promise<SelfCheckRow[]> {
  const { name, vocabularySize, quantisation } = subject
  const prompts = Array.from({ length: effort.answers }, (_, stream) =>
    promptIds(PROMPT_TOKENS, stream, 1, vocabularySize),
  )
  const say = (text: string) => watch.say(`${name}: ${text} …`)
  const asked = (engine: Engine): Asked => ({ engine, signal: watch.signal })
  const device = asked(subject.device)

  say('answers of the cpu')
  const expected: Token[][] = []
  for (const prompt of prompts) {
    expected.push(await answer(asked(subject.reference), prompt, effort.tokens))
  }
  say('the same answers on the device, which may compile its kernels first')
  const replayed = await replays(device, prompts, expected)
  say('answers of the device side by side')
  const batch = await batchRow(device, prompts, effort, quantisation)
  say(`memory over ${effort.steadySteps} steps`)
  const memory = await memoryRow(subject.device, device, prompts[0] ?? [], effort)
  say('speed')
  const speeds = await speedRows(device, prompts, effort)
  const rows: [string, Verdict][] = [
    ['log probabilities beside the cpu', gapRow(expected, replayed, quantisation)],
    ['greedy tokens beside the cpu', tokensRow(expected, replayed, quantisation)],
    ['answers side by side beside alone', batch],
    ['memory', memory],
    ...speeds,
  ]
  return rows.map(([check, verdict]) => ({ check: `${name}: ${check}`, ...verdict }))
}

type Verdict = Omit<SelfCheckRow, 'check'>

interface Asked {
  readonly engine: Engine
  readonly signal: AbortSignal
}

async function answer(
  { engine, signal }: Asked,
  prompt: readonly number[],
  tokens: number,
  replay?: Token[],
) {
  const out: Token[] = []
  const events = engine.generate({
    promptTokenIds: prompt,
    resumeTokenIds: [],
    maxTokens: tokens,
    sampling: { temperature: 0, topP: 1, seed: 1n },
    stop: [],
    topLogprobs: TOP,
    ...(replay === undefined ? {} : { replayTokenIds: replay.map(({ id }) => id) }),
    signal,
  })
  for await (const event of events) {
    if (event.kind !== 'token' || event.logprobs === undefined) continue
    out.push({ id: event.id, logprobs: event.logprobs })
  }
  signal.throwIfAborted()
  return out
}

async function replays(
  device: Asked,
  prompts: readonly (readonly number[])[],
  expected: Token[][],
): Promise<Token[][]> {
  const out: Token[][] = []
  for (const [at, claimed] of expected.entries()) {
    out.push(await answer(device, prompts[at] ?? [], claimed.length, claimed))
  }
  return out
}

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
    found: `at most ${Number(gapMax.toPrecision(2))} nat in ${gaps.length} tokens`,
    limit: `${limit} nat`,
    ok: gaps.length > 0 && gapMax <= limit,
  }
}

/** Another id is right only where the first two expected are so close that the tolerance can turn them. */
function isWrong([{ id, logprobs }, other]: [Token, Token | undefined], kind: Quantisation) {
  if (id === other?.id) return false
  const [first, second] = logprobs.top
  const lead = (first?.logprob ?? 0) - (second?.logprob ?? Number.NEGATIVE_INFINITY)
  return other === undefined || !(lead <= 2 * GAP_MAX[kind])
}

const NEAR_TIES = 'equal, but for near ties'

function tokensRow(expected: Token[][], replayed: Token[][], kind: Quantisation): Verdict {
  const all = pairs(expected, replayed)
  const equal = all.filter(([token, other]) => token.id === other?.id).length
  const wrong = all.filter((pair) => isWrong(pair, kind)).length
  return {
    found: `${equal} of ${all.length} equal, ${wrong} wrong`,
    limit: NEAR_TIES,
    ok: all.length > 0 && wrong === 0,
  }
}

/** Kernels of a GPU may round otherwise for more rows, so that answers alone are replayed beside each other. */
async function batchRow(
  device: Asked,
  prompts: readonly (readonly number[])[],
  { tokens }: SelfCheckEffort,
  kind: Quantisation,
): Promise<Verdict> {
  const alone: Token[][] = []
  for (const prompt of prompts) alone.push(await answer(device, prompt, tokens))
  const together = await Promise.all(
    prompts.map((prompt, at) => answer(device, prompt, tokens, alone[at])),
  )
  const all = pairs(alone, together)
  const sameIds = all.filter(([one, other]) => one.id === other?.id).length
  const sameBits = all.filter(([one, other]) => one.logprobs.logprob === other?.logprobs.logprob)
  return {
    found: `${sameIds} of ${all.length} tokens, ${sameBits.length} to the last bit`,
    limit: `${NEAR_TIES}; ${GAP_MAX[kind]} nat`,
    ok: gapRow(alone, together, kind).ok === true && !all.some((pair) => isWrong(pair, kind)),
  }
}

async function memoryRow(
  { processId }: OnnxEngine,
  device: Asked,
  prompt: readonly number[],
  { steadySteps, tokens }: SelfCheckEffort,
): Promise<Verdict> {
  const before = await residentBytes(processId)
  for (let left = steadySteps; left > 0; left -= tokens) {
    await answer(device, prompt, Math.min(left, tokens))
  }
  const after = await residentBytes(processId)
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
  device: Asked,
  prompts: readonly (readonly number[])[],
  { tokens }: SelfCheckEffort,
): Promise<[string, Verdict][]> {
  const figure = (perSecond: number): Verdict => ({
    found: `${rate(perSecond)} tok/s`,
    limit: '',
    ok: null,
  })
  /** An answer may end before it is as long as was asked for. */
  const decoded = async (asked: readonly (readonly number[])[]) => {
    const startMs = performance.now()
    const answers = await Promise.all(asked.map((prompt) => answer(device, prompt, tokens)))
    const madeTokens = answers.reduce((sum, { length }) => sum + length, 0)
    return figure((1_000 * madeTokens) / (performance.now() - startMs))
  }
  const [prompt = []] = prompts
  const startMs = performance.now()
  await answer(device, prompt, 1)
  const read = figure((1_000 * PROMPT_TOKENS) / (performance.now() - startMs))
  return [
    [`reading ${PROMPT_TOKENS} tokens`, read],
    ['decoding, 1 stream, prompt included', await decoded([prompt])],
    [`decoding, ${prompts.length} streams, prompts included`, await decoded(prompts)],
  ]
}

/** Three digits, and never an exponent. */
function rate(perSecond: number): string {
  return perSecond < 100 ? `${Number(perSecond.toPrecision(3))}` : perSecond.toFixed(0)
}

/**
 * Shapes of published families in the formats that their exports come in: each loads in place, says the same
 * bits alone, in a batch and through the other backend, and computes what a plain forward pass computes.
 */
import { describe, expect, it } from 'vitest'
import type { TokenModel } from '#inference/decoding/token-model.ts'
import { parseModelConfig } from '#inference/model/model-config.ts'
import { type Backend, openModel } from '#inference/onnx/open-model.ts'
import { utf8 } from '#protocol/bytes.ts'
import {
  type DecoderFormat,
  type DecoderGraphOptions,
  decoderGraph,
} from '../support/decoder-graph.ts'
import { referenceLogits } from '../support/decoder-reference.ts'
import { DECODER_SHAPES, decoderConfig, decoderWeights } from '../support/decoder-weights.ts'

/**
 * Largest difference to the plain forward pass in double precision, as a share of the logits' standard
 * deviation. float32 rounds at 2^-24 and float16 at 2^-11 for each of some hundred sums; 8 and 4 bits round each
 * weight at 1/254 and 1/14 of its block's largest.
 */
const TOLERANCE: Readonly<Record<DecoderFormat, number>> = {
  fp32: 1e-5,
  fp16: 0.02,
  q8: 0.15,
  q4: 1,
  q4f16: 1,
}
/** 4 bits move single logits of random weights far; as a whole they must still point the same way. */
const CORRELATION_MIN: Readonly<Record<DecoderFormat, number>> = {
  fp32: 0.999999,
  fp16: 0.9999,
  q8: 0.999,
  q4: 0.9,
  q4f16: 0.9,
}

function open(options: DecoderGraphOptions, backend: Backend = 'native') {
  const { graph, external } = decoderGraph(options)
  const files = new Map([
    ['config.json', utf8(JSON.stringify(decoderConfig(options.shape)))],
    ['onnx/model.onnx', graph],
    ...(options.externalFile ? [[`onnx/${options.externalFile}`, external] as const] : []),
  ])
  const config = parseModelConfig(files)
  const model = {
    files,
    config,
    graphPath: 'onnx/model.onnx',
    manifest: [],
    root: new Uint8Array(),
  }
  return openModel(model, { backend, threads: 1, slotsTotal: 4 })
}

type Model = TokenModel<unknown>

/** Logits after the prompt and after each id that follows it. */
async function stepAlone(model: Model, prompt: readonly number[], next: readonly number[]) {
  const { cache } = model.openCache()
  const logits = [Float32Array.from(await model.read(cache, prompt))]
  for (const id of next) {
    const [row = new Float32Array()] = await model.decode([{ cache, id }])
    logits.push(Float32Array.from(row))
  }
  model.closeCache(cache)
  return logits
}

async function stepTogether(
  model: Model,
  prompts: readonly (readonly number[])[],
  next: readonly number[],
) {
  const caches = prompts.map(() => model.openCache().cache)
  const logits: Float32Array[][] = []
  for (const [at, prompt] of prompts.entries()) {
    logits.push([Float32Array.from(await model.read(caches[at], prompt))])
  }
  for (const id of next) {
    const rows = await model.decode(caches.map((cache) => ({ cache, id })))
    for (const [at, row] of rows.entries()) logits[at]?.push(Float32Array.from(row))
  }
  for (const cache of caches) model.closeCache(cache)
  return logits
}

function statistics(logits: ArrayLike<number>, expected: ArrayLike<number>) {
  const [a, b] = [Array.from(logits), Array.from(expected)]
  const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length
  const [meanA, meanB] = [mean(a), mean(b)]
  const deviation = Math.sqrt(mean(b.map((x) => (x - meanB) ** 2)))
  const worst = Math.max(...a.map((x, at) => Math.abs(x - (b[at] ?? Number.NaN)))) / deviation
  const together = mean(a.map((x, at) => (x - meanA) * ((b[at] ?? 0) - meanB)))
  const correlation = together / (deviation * Math.sqrt(mean(a.map((x) => (x - meanA) ** 2))))
  return { worst, correlation }
}

const PROMPTS = [
  [17, 3, 250, 90, 4, 4, 121, 300, 8, 15, 16],
  [5, 9],
  Array.from({ length: 31 }, (_, at) => (at * 37 + 11) % 256),
] as const
const NEXT = [77, 12, 200, 1] as const
const FORMATS = ['fp32', 'fp16', 'q8', 'q4', 'q4f16'] as const
const cases = Object.entries(DECODER_SHAPES).flatMap(([name, shape]) =>
  FORMATS.map((format) => ({ name, shape, format })),
)

it('serves weights beside the graph in place, also of half precision', async () => {
  for (const format of ['fp32', 'fp16'] as const) {
    const options = { shape: DECODER_SHAPES.qwen2, format }
    const [inside, beside] = [
      await open(options),
      await open({ ...options, externalFile: 'w.bin' }),
    ]
    expect([beside.backend, beside.fallback]).toEqual(['native', undefined])
    const expected = await stepAlone(inside.model, PROMPTS[0], NEXT)
    expect(await stepAlone(beside.model, PROMPTS[0], NEXT)).toEqual(expected)
  }
})

it('asks an export that counts its logits for all of them, whichever backend runs it', async () => {
  const options = { shape: DECODER_SHAPES.smollm2, format: 'fp32' } as const
  const expected = await stepAlone((await open(options)).model, PROMPTS[0], NEXT)
  for (const backend of ['native', 'portable'] as const) {
    const { model } = await open({ ...options, hasLogitsCount: true }, backend)
    expect(await stepAlone(model, PROMPTS[0], NEXT)).toEqual(expected)
  }
})

describe.each(cases)('$name in $format', ({ shape, format }) => {
  it('computes what a plain forward pass computes, with the same bits on every way', async () => {
    const opened = await open({ shape, format })
    expect([opened.backend, opened.fallback]).toEqual(['native', undefined])
    const alone = []
    for (const prompt of PROMPTS) alone.push(await stepAlone(opened.model, prompt, NEXT))
    expect(await stepTogether(opened.model, PROMPTS, NEXT)).toEqual(alone)
    const portable = await open({ shape, format }, 'portable')
    for (const [at, prompt] of PROMPTS.entries()) {
      expect(await stepAlone(portable.model, prompt, NEXT)).toEqual(alone[at])
    }

    const weights = decoderWeights(shape, 1)
    for (const [at, prompt] of PROMPTS.entries()) {
      for (const steps of [0, NEXT.length]) {
        const expected = referenceLogits(shape, weights, [...prompt, ...NEXT.slice(0, steps)])
        const { worst, correlation } = statistics(alone[at]?.[steps] ?? [], expected)
        expect(worst, 'difference').toBeLessThan(TOLERANCE[format])
        expect(correlation, 'correlation').toBeGreaterThan(CORRELATION_MIN[format])
      }
    }
  })
})

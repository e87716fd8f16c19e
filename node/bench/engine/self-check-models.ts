/** The made-up models of the self-check, and what it does with them. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { DeviceChoice } from '#inference/onnx/device.ts'
import { createOnnxEngine } from '#inference/onnx/onnx-engine.ts'
import type { DecoderShape, Quantisation } from '#inference/synth/shapes.ts'
import { writeSyntheticModel } from '#inference/synth/write-model.ts'
import { systemClock as clock } from '#node/clock.ts'
import { deviceEnvironment } from '#node/compose/device-environment.ts'
import { BENCH_SHAPE } from './bench-models.ts'
import { SELF_CHECK, type SelfCheckRow, selfCheck } from './self-check.ts'

/** Large enough to use every kernel of the real ones, small enough for a program that imitates a GPU. */
export const SMALL_SHAPE: DecoderShape = {
  ...BENCH_SHAPE,
  layers: 4,
  width: 256,
  heads: 4,
  cacheHeads: 2,
  feedForward: 512,
  vocabularySize: 2_048,
  contextTokens: 256,
}

export interface SelfCheckOptions {
  readonly device: DeviceChoice
  readonly seed: number
  /** Also the shape of SmolLM2-135M, in q4. */
  readonly full: boolean
  readonly say: (text: string) => void
}

export interface SelfCheckDocument {
  /** False when any row is. */
  readonly ok: boolean
  /** For example "onnxruntime-node 1.30.0 (portable, webgpu)". */
  readonly engine: string
  /** Why `auto` took this device; empty when it was named. */
  readonly reason: string
  readonly seed: number
  readonly rows: readonly SelfCheckRow[]
}

interface SelfCheckModel {
  readonly name: string
  readonly shape: DecoderShape
  readonly quantisation: Quantisation
}

const SMALL: readonly SelfCheckModel[] = [
  { name: 'small fp32', shape: SMALL_SHAPE, quantisation: 'fp32' },
  { name: 'small q4', shape: SMALL_SHAPE, quantisation: 'q4' },
]
const WHOLE: SelfCheckModel = { name: 'SmolLM2-135M q4', shape: BENCH_SHAPE, quantisation: 'q4' }
const MEMORY_LIMIT_BYTES = 8 * 1024 ** 3

/** @throws ConfigError DEVICE_UNAVAILABLE, DEVICE_REFUSES_MODEL */
export async function runSelfCheck(options: SelfCheckOptions): Promise<SelfCheckDocument> {
  const folder = await mkdtemp(path.join(tmpdir(), 'cocoon-self-check-'))
  const rows: SelfCheckRow[] = []
  let engine = ''
  let reason = ''
  const common = {
    ...{ modelId: 'self-check', clock, slotsTotal: SELF_CHECK.answers },
    ...{ memoryLimitBytes: MEMORY_LIMIT_BYTES, environment: deviceEnvironment() },
  }
  try {
    for (const model of options.full ? [...SMALL, WHOLE] : SMALL) {
      options.say(`${model.name}: on the cpu, then on the device …`)
      const files = path.join(folder, model.name)
      await writeSyntheticModel(files, { ...model, shapeName: model.name, seed: options.seed })
      await using reference = await createOnnxEngine({ ...common, folder: files })
      await using device = await createOnnxEngine({
        ...common,
        ...{ folder: files, device: options.device },
        log: (event, data) => {
          if (event === 'device chosen') reason = String(data['reason'])
        },
      })
      engine = device.info.engine
      const { vocabularySize } = model.shape
      rows.push(...(await selfCheck({ ...model, vocabularySize, reference, device }, SELF_CHECK)))
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return { ok: rows.every(({ ok }) => ok !== false), engine, reason, seed: options.seed, rows }
}

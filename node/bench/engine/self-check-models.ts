/** The made-up models of the self-check, and what it does with them. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { resolveDevice } from '#inference/onnx/device/choice.ts'
import type { Device, DeviceChoice } from '#inference/onnx/device/device.ts'
import { probeDevice } from '#inference/onnx/device/probe.ts'
import { createOnnxEngine } from '#inference/onnx/onnx-engine.ts'
import type { DecoderShape, Quantisation } from '#inference/synth/shapes.ts'
import { writeSyntheticModel } from '#inference/synth/write-model.ts'
import { type BenchDocument, benchDocument } from '#node/bench/rows.ts'
import { systemClock as clock } from '#node/clock.ts'
import { deviceEnvironment } from '#node/compose/device-environment.ts'
import { versionDocument } from '#node/version.ts'
import { BENCH_SHAPE } from './bench-models.ts'
import {
  SELF_CHECK,
  SELF_CHECK_QUICK,
  type SelfCheckRow,
  type SelfCheckWatch,
  selfCheck,
} from './self-check.ts'

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

export interface SelfCheckOptions extends SelfCheckWatch {
  readonly device: DeviceChoice
  readonly seed: number
  /** Also the shape of SmolLM2-135M, in q4 or, on CUDA, q4f16. */
  readonly full: boolean
  /** Fewer and shorter answers. */
  readonly quick: boolean
}

export interface SelfCheckDocument
  extends Pick<BenchDocument, 'bench' | 'seed' | 'machine' | 'versions'> {
  /** False when any row is. */
  readonly ok: boolean
  /** Quick: to see that it works; it proves little. */
  readonly effort: 'whole' | 'quick'
  /** What was checked; cpu: this machine's cpu beside itself, which proves nothing about a GPU. */
  readonly device: Device
  /** For example "onnxruntime-node 1.30.0 (portable, webgpu)". */
  readonly engine: string
  /** Adapters that the driver shows; empty where that cannot be told. */
  readonly adapters: readonly { readonly name: string; readonly kind: string }[]
  /** Why `auto` took this device; empty when it was named. */
  readonly reason: string
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
/** CUDA refuses caches of float32. */
const SMALL_HALF: readonly SelfCheckModel[] = [
  { name: 'small fp16', shape: SMALL_SHAPE, quantisation: 'fp16' },
  { name: 'small q4f16', shape: SMALL_SHAPE, quantisation: 'q4f16' },
]
const WHOLE_HALF: SelfCheckModel = { ...WHOLE, name: 'SmolLM2-135M q4f16', quantisation: 'q4f16' }
const MEMORY_LIMIT_BYTES = 8 * 1024 ** 3

/**
 * @throws ConfigError DEVICE_UNAVAILABLE, DEVICE_REFUSES_MODEL
 * @throws DOMException AbortError
 */
export async function runSelfCheck(options: SelfCheckOptions): Promise<SelfCheckDocument> {
  const { seed, full, quick } = options
  const found = await findDevice(options)
  const rows: SelfCheckRow[] = []
  let engine = ''
  for (const model of modelsFor(found.device, full)) {
    const checked = await checkModel(model, found.device, options)
    engine = checked.engine
    rows.push(...checked.rows)
  }
  const { machine, versions, bench } = benchDocument('engine-self-check', seed, [], {
    onnxruntime: versionDocument().onnxruntime,
  })
  const ok = rows.every((row) => row.ok !== false)
  const effort = quick ? 'quick' : 'whole'
  return { bench, ok, effort, seed, machine, versions, ...found, engine, rows }
}

/** What a device can run: the rest of a machine's check does not depend on it. */
export function modelsFor(device: Device, full: boolean): readonly SelfCheckModel[] {
  const [small, whole] = device === 'cuda' ? [SMALL_HALF, WHOLE_HALF] : [SMALL, WHOLE]
  return full ? [...small, whole] : small
}

/** Asked once; a device that does not answer says why, before the engine is refused. */
async function findDevice({ device: wanted, say, signal }: SelfCheckOptions) {
  const environment = deviceEnvironment()
  let reason = ''
  const device = await resolveDevice({
    ...{ device: wanted, environment, signal },
    log: (_, data) => {
      reason = String(data['reason'])
    },
  })
  if (device === 'cpu') return { device, reason, adapters: [] }
  const { adapters, answers, trouble } = await probeDevice(device, environment, signal)
  if (!answers) say(`${device}: ${trouble}`)
  return { device, reason, adapters: adapters.map(({ name, kind }) => ({ name, kind })) }
}

async function checkModel(
  model: SelfCheckModel,
  device: Device,
  { seed, quick, signal, say }: SelfCheckOptions,
): Promise<{ readonly engine: string; readonly rows: readonly SelfCheckRow[] }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'cocoon-self-check-'))
  const common = {
    ...{ modelId: 'self-check', clock, folder, signal, slotsTotal: SELF_CHECK.answers },
    ...{ memoryLimitBytes: MEMORY_LIMIT_BYTES, environment: deviceEnvironment() },
  }
  try {
    await writeSyntheticModel(folder, { ...model, shapeName: model.name, seed })
    await using reference = await createOnnxEngine(common)
    await using tried = await createOnnxEngine({ ...common, device })
    const { vocabularySize } = model.shape
    const subject = { ...model, vocabularySize, reference, device: tried }
    const effort = quick ? SELF_CHECK_QUICK : SELF_CHECK
    const rows = await selfCheck(subject, effort, { signal, say })
    return { engine: tried.info.engine, rows }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

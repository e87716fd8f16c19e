/**
 * The WebGPU device, on a software Vulkan: real sessions in real engine processes, caches on the device. No GPU
 * takes part, so nothing here says anything about drivers or speed.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { GenerateEvent } from '#inference/engine.ts'
import { decideDevice, startOnDevice } from '#inference/onnx/device/choice.ts'
import {
  type Device,
  deviceRefusesModel,
  deviceUnavailable,
} from '#inference/onnx/device/device.ts'
import { probeDevice } from '#inference/onnx/device/probe.ts'
import type { DeviceReport } from '#inference/onnx/device/report.ts'
import { createOnnxEngine, type OnnxEngine } from '#inference/onnx/onnx-engine.ts'
import type { DecoderShape, Quantisation } from '#inference/synth/shapes.ts'
import { writeSyntheticModel } from '#inference/synth/write-model.ts'
import { selfCheck } from '#node/bench/engine/self-check.ts'
import { SMALL_SHAPE } from '#node/bench/engine/self-check-models.ts'
import type { ErrorData } from '#protocol/errors.ts'
import { swiftshader } from '../support/swiftshader.ts'

const found = swiftshader()
if ('missing' in found) process.stderr.write(`WebGPU is not tested: ${found.missing}\n`)
const environment = 'missing' in found ? {} : found.environment

const SHAPE: DecoderShape = { ...SMALL_SHAPE, layers: 2, width: 128, heads: 2, cacheHeads: 1 }
const EFFORT = { answers: 2, tokens: 6, steadySteps: 12 }
const SHORT = { answers: 1, tokens: 4, steadySteps: 1 }
const clock = { nowMs: () => 0 }
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'cocoon-webgpu-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function model(quantisation: Quantisation, seed = 1): Promise<string> {
  const target = path.join(folder, `${quantisation}-${seed}`)
  await writeSyntheticModel(target, { shapeName: 'test', shape: SHAPE, quantisation, seed })
  return target
}

function open(modelFolder: string, device: 'cpu' | 'webgpu'): Promise<OnnxEngine> {
  const options = { folder: modelFolder, modelId: 'test', slotsTotal: 2, threads: 1, clock }
  return createOnnxEngine({ ...options, device, environment })
}

/** What an abandoned request left in the caches is not seen by the next one. */
async function answersAlikeAfterCancelling(engine: OnnxEngine): Promise<void> {
  const ask = async (length: number, leaveAfter: number) => {
    const ids: number[] = []
    const events: AsyncIterable<GenerateEvent> = engine.generate({
      promptTokenIds: Array.from({ length }, (_, at) => 300 + at),
      ...{ resumeTokenIds: [], maxTokens: 6, stop: [] },
      sampling: { temperature: 0, topP: 1, seed: 1n },
      signal: new AbortController().signal,
    })
    for await (const event of events) {
      if (event.kind === 'token' && ids.push(event.id) === leaveAfter) break
    }
    return ids
  }
  const first = await ask(5, 6)
  await ask(64, 1)
  await ask(48, 1)
  expect(await ask(5, 6)).toEqual(first)
}

it.runIf('missing' in found && process.env['CI'] !== undefined)('finds a software Vulkan', () => {
  expect.unreachable('missing' in found ? found.missing : '')
})

describe.skipIf('missing' in found)('webgpu on a software Vulkan', () => {
  it.for(['fp32', 'q4'] as const)(
    'computes %s as the cpu does, side by side too',
    { timeout: 240_000 },
    async (kind) => {
      const files = await model(kind)
      await using reference = await open(files, 'cpu')
      await using device = await open(files, 'webgpu')
      expect(device.info.engine).toContain('(portable, webgpu)')
      expect(device.info.exactBits).toBe(false)
      expect(reference.info.exactBits).toBeUndefined()
      expect(device.info.runtimeDigest).not.toEqual(reference.info.runtimeDigest)
      expect(device.info.scheduleDigest).not.toEqual(reference.info.scheduleDigest)
      const subject = { name: kind, quantisation: kind, vocabularySize: SHAPE.vocabularySize }
      const rows = await selfCheck({ ...subject, reference, device }, EFFORT)
      expect(rows.filter(({ ok }) => ok === false)).toEqual([])
      expect(rows.filter(({ ok }) => ok === true)).toHaveLength(4)
      if (kind === 'q4') return

      // The check can fail: beside the answers of another model.
      await using another = await open(await model(kind, 2), 'cpu')
      const wrong = await selfCheck({ ...subject, reference: another, device }, SHORT)
      const failed = wrong.filter(({ ok }) => ok === false).map(({ check }) => check)
      expect(failed).toContain('fp32: log probabilities beside the cpu')
      expect(failed).toContain('fp32: greedy tokens beside the cpu')
      await answersAlikeAfterCancelling(device)
    },
  )

  it('is never chosen by auto: it is no GPU', async () => {
    const webgpu = await probeDevice('webgpu', environment, undefined)
    expect(webgpu).toMatchObject({ answers: true, adapters: [{ kind: 'software' }] })
    const cuda = await probeDevice('cuda', environment, undefined)
    expect(cuda).toMatchObject({ answers: false })
    expect(decideDevice(cuda, webgpu)).toMatchObject({
      device: 'cpu',
      reason: expect.stringContaining('SwiftShader'),
    })
  })
})

describe('auto', () => {
  const report = (parts: Partial<DeviceReport>): DeviceReport => ({
    ...{ device: 'webgpu', isInstalled: true, answers: true, adapters: [], trouble: '' },
    ...parts,
  })
  const noCuda = report({ device: 'cuda', answers: false, trouble: 'not installed' })
  const adapter = { name: 'GPU', kind: 'discrete', vendorId: 1, deviceId: 2, driverVersion: 3 }

  it('takes CUDA first, then a real adapter, and else the cpu, and says why', () => {
    expect(decideDevice(report({ device: 'cuda' }), undefined).device).toBe('cuda')
    const real = report({ adapters: [{ ...adapter, kind: 'discrete' }] })
    expect(decideDevice(noCuda, real)).toEqual({
      device: 'webgpu',
      reason: 'cuda: not installed; webgpu: GPU',
    })
    const dead = report({ answers: false, trouble: 'no driver' })
    expect(decideDevice(noCuda, dead)).toEqual({
      device: 'cpu',
      reason: 'cuda: not installed; webgpu: no driver',
    })
    expect(decideDevice(noCuda, report({})).device).toBe('cpu')
  })
})

describe('auto and a model that the best device refuses', () => {
  const answering = async (device: DeviceReport['device']): Promise<DeviceReport> => ({
    ...{ device, isInstalled: true, answers: true, trouble: '' },
    adapters: [{ name: 'GPU', kind: 'discrete', vendorId: 1, deviceId: 2, driverVersion: 3 }],
  })
  const refusing = (refused: readonly Device[], asked: Device[]) => async (device: Device) => {
    asked.push(device)
    if (refused.includes(device)) throw deviceRefusesModel(device, undefined, 'its cache')
    return device
  }

  it('takes the next one, the cpu at last, and says why', async () => {
    const reasons: unknown[] = []
    const log = (_: string, data: ErrorData) => reasons.push(data['reason'])
    const asked: Device[] = []
    const start = refusing(['cuda', 'webgpu'], asked)
    expect(await startOnDevice({ device: 'auto', log }, start, answering)).toBe('cpu')
    expect(asked).toEqual(['cuda', 'webgpu', 'cpu'])
    const refuses = (device: string) => `the ${device} device cannot run this graph: its cache`
    expect(reasons).toEqual([
      'a CUDA device answers',
      `cuda: ${refuses('cuda')}; webgpu: GPU`,
      `cuda: ${refuses('cuda')}; webgpu: ${refuses('webgpu')}`,
    ])
  })

  it('is refused where the device was named, and for every other error', async () => {
    const start = refusing(['cuda'], [])
    const named = startOnDevice({ device: 'cuda' }, start, answering)
    await expect(named).rejects.toMatchObject({ code: 'DEVICE_REFUSES_MODEL' })
    const broken = async () => Promise.reject(deviceUnavailable('cuda', undefined))
    const other = startOnDevice({ device: 'auto' }, broken, answering)
    await expect(other).rejects.toMatchObject({ code: 'DEVICE_UNAVAILABLE' })
  })
})

it('names a device that does not answer', async () => {
  const options = { folder: await model('fp32'), modelId: 'test', clock, device: 'cuda' } as const
  const error = { kind: 'config', code: 'DEVICE_UNAVAILABLE' }
  await expect(createOnnxEngine(options)).rejects.toMatchObject(error)
})

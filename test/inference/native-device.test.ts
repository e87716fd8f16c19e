/**
 * Caches in memory of a device, as CUDA gets them, on the processor: its memory is used as a device's is, by the
 * same calls of onnxruntime, its addresses never looked behind. No GPU takes part: nothing here says anything
 * about drivers, kernels or speed of one.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadChatTokenizer } from '#inference/model/chat-tokenizer.ts'
import { parseModelConfig } from '#inference/model/model-config.ts'
import { readModel, readTokenizerFiles } from '#inference/model/read-model.ts'
import { nvidiaClass } from '#inference/onnx/device/class.ts'
import { CUDA_INSTALL, hasCudaProvider, missingCudaLibraries } from '#inference/onnx/device/cuda.ts'
import { nvidiaDriver } from '#inference/onnx/device/nvidia.ts'
import type { GraphSignature } from '#inference/onnx/graph/signature.ts'
import { DeviceCopy } from '#inference/onnx/native/device-copy.ts'
import { cudaDevice, simulatedDevice } from '#inference/onnx/native/device-place.ts'
import { DeviceSlabs, deviceSlabBytes } from '#inference/onnx/native/device-slabs.ts'
import { ortApi } from '#inference/onnx/native/ort-api.ts'
import { ELEMENT } from '#inference/onnx/native/ort-enums.ts'
import { createOnnxEngine } from '#inference/onnx/onnx-engine.ts'
import { openModel } from '#inference/onnx/open-model.ts'
import { onnxRuntimeDigest } from '#inference/onnx/runtime.ts'
import { prepareGraph } from '#inference/onnx/surgery/prepare-graph.ts'
import { utf8 } from '#protocol/bytes.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { testEngine } from '../contracts/engine.ts'
import { type DecoderGraphOptions, decoderGraph } from '../support/decoder-graph.ts'
import { DECODER_SHAPES, decoderConfig } from '../support/decoder-weights.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { writeTinyModel } from '../support/tiny-onnx-model.ts'

const SLOTS = 4
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'cocoon-device-'))
  await writeTinyModel(folder, { endTokenBias: 2, contextTokens: 320 })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

testEngine('onnxruntime in place, simulated device memory', async () => {
  const clock = { nowMs: () => 0 }
  const options = { folder, modelId: 'test', clock, threads: 1 }
  const engine = await createOnnxEngine({ ...options, simulatesDeviceMemory: true })
  expect(engine.info.engine).toContain('(native, cpu, simulated device memory)')
  return {
    engine,
    keepsPrefixes: true,
    tokenizer: loadChatTokenizer(await readTokenizerFiles(folder)),
    crash: () => engine.processId !== undefined && process.kill(engine.processId, 'SIGKILL'),
  }
})

function decoderModel(options: DecoderGraphOptions) {
  const files = new Map([
    ['config.json', utf8(JSON.stringify(decoderConfig(options.shape)))],
    ['onnx/model.onnx', decoderGraph(options).graph],
  ])
  const config = parseModelConfig(files)
  return { files, config, graphPath: 'onnx/model.onnx', manifest: [], root: new Uint8Array() }
}

type OpenedModel = Awaited<ReturnType<typeof openModel>>['model']

async function open(
  files: Awaited<ReturnType<typeof readModel>>,
  simulatesDeviceMemory: boolean,
): Promise<OpenedModel> {
  const options = { backend: 'native', threads: 1, slotsTotal: SLOTS } as const
  const opened = await openModel(files, { ...options, simulatesDeviceMemory })
  expect(opened.backend).toBe('native')
  return opened.model
}

async function decoded(model: OpenedModel, caches: readonly unknown[], id: number) {
  const rows = await model.decode(caches.map((cache) => ({ cache, id })))
  return rows.map((row) => Float32Array.from(row))
}

/** Sequences of different lengths of which the inner ones leave, and one that comes back for its prefix. */
async function comingsAndGoings(model: OpenedModel, key = 'one'): Promise<Float32Array[]> {
  const sequences = [5, 40, 9, 23].map((length, row) =>
    Array.from({ length }, (_, at) => (at * 37 + row * 11) % 250),
  )
  const seen: Float32Array[] = []
  const caches = sequences.map((ids) => model.openCache({ key, ids: [...ids, 7] }).cache)
  for (const [row, ids] of sequences.entries())
    seen.push(Float32Array.from(await model.read(caches[row], ids)))
  seen.push(...(await decoded(model, caches, 7)))
  for (const row of [1, 2]) model.closeCache(caches[row])
  // The outer two now lie side by side: slots were moved.
  seen.push(...(await decoded(model, [caches[0], caches[3]], 8)))
  const again = model.openCache({ key, ids: [...(sequences[1] ?? []), 7, 8] })
  expect(again.cachedTokens).toBe(40)
  seen.push(...(await decoded(model, [again.cache, caches[3]], 7)))
  for (const cache of [again.cache, caches[0], caches[3]]) model.closeCache(cache)
  return seen
}

describe('caches in memory that is treated as a device’s', () => {
  it('give the bits of caches in the memory of the process, wherever slots move', async () => {
    const files = await readModel(folder, nodeCrypto)
    const expected = await comingsAndGoings(await open(files, false))
    const device = await open(files, true)
    expect(await comingsAndGoings(device)).toEqual(expected)
    // What the first round left behind in the memory is not seen by the second.
    expect(await comingsAndGoings(device, 'another')).toEqual(expected)
  })

  it('hold float16, as CUDA wants it', async () => {
    const files = decoderModel({ shape: DECODER_SHAPES.llama, format: 'q4f16' })
    const expected = await comingsAndGoings(await open(files, false))
    expect(await comingsAndGoings(await open(files, true))).toEqual(expected)
  })

  it('end a call that is cancelled, and go on', async () => {
    const model = await open(await readModel(folder, nodeCrypto), true)
    const { cache } = model.openCache()
    await expect(model.read(cache, [1, 2, 3], AbortSignal.abort())).rejects.toMatchObject({
      code: 'MODEL_RUN_FAILED',
    })
    model.closeCache(cache)
    await comingsAndGoings(model)
  })
})

describe('slabs on a device', () => {
  const api = ortApi()
  const cache = [3, 5].map((heads, at) => ({
    ...{ input: `in${at}`, output: `out${at}`, type: 'float16', heads, headSize: 8 },
  })) as GraphSignature['cache']
  const layout = { cache, slots: 3, capacity: 701 }
  const copy = new DeviceCopy(api, undefined, cache.length)

  it('begin as zeros up to the last byte, whatever lay there', () => {
    const bytes = deviceSlabBytes(layout)
    const memory = copy.deviceMemory('Cpu', bytes)
    const whole = new DeviceCopy(api, undefined, 1)
    const everything = memory.tensor(0, bytes, [bytes], ELEMENT.uint8)
    const host = new Uint8Array(new ArrayBuffer(bytes)).fill(255)
    whole.copy([whole.bytes(host)], [everything])
    new DeviceSlabs(layout, memory, copy)
    whole.copy([everything], [whole.bytes(host)])
    const sizes = cache.map(({ heads }) => 4 * heads * 701 * 8 * 2)
    const [first = 0, second = 0] = sizes
    const secondStart = Math.ceil(first / 256) * 256
    expect(bytes).toBe(secondStart + second)
    expect(host.subarray(0, first).every((byte) => byte === 0)).toBe(true)
    expect(host.subarray(secondStart).every((byte) => byte === 0)).toBe(true)
    // Between them nothing was written.
    expect(host.subarray(first, secondStart).every((byte) => byte === 255)).toBe(true)
  })

  it('are refused by name where the device has not as much', () => {
    const files = decoderModel({ shape: DECODER_SHAPES.llama, format: 'fp16' })
    const place = simulatedDevice(api)
    const session = place.openSession(prepareGraph(files, { movesAttentionScale: false }), 1)
    const vast = { ...layout, capacity: 2 ** 40 }
    expect(() => place.cacheMemory(session, vast)).toThrow(
      expect.objectContaining({
        code: 'DEVICE_OUT_OF_MEMORY',
        data: { device: 'cpu', cacheBytes: deviceSlabBytes(vast) },
        remedy: expect.stringContaining('--context'),
      }),
    )
  })
})

describe('cuda', () => {
  it.skipIf(hasCudaProvider())(
    'without its provider is refused with what installs it',
    async () => {
      for (const backend of ['native', 'portable'] as const) {
        const options = { folder, modelId: 'test', clock: { nowMs: () => 0 }, backend }
        await expect(createOnnxEngine({ ...options, device: 'cuda' })).rejects.toMatchObject({
          kind: 'config',
          code: 'DEVICE_UNAVAILABLE',
          remedy: `Run in Cocoon's folder: ${CUDA_INSTALL}`,
        })
      }
    },
  )

  it('refuses a float32 cache by name, before it looks for a device', () => {
    const files = decoderModel({ shape: DECODER_SHAPES.llama, format: 'q4' })
    const prepared = prepareGraph(files, { movesAttentionScale: false })
    expect(() => cudaDevice(ortApi()).openSession(prepared, 1)).toThrow(
      expect.objectContaining({
        code: 'DEVICE_REFUSES_MODEL',
        message: 'the cuda device cannot run this graph: its cache is float32, not float16',
        remedy: expect.stringContaining('fp16'),
      }),
    )
  })

  it('is another runtime to policies, with the options of its provider', () => {
    const [cpu, cuda] = (['cpu', 'cuda'] as const).map((one) => onnxRuntimeDigest(nodeCrypto, one))
    expect(cuda).not.toEqual(cpu)
  })

  it('is a class of hardware by its GPUs and their driver', () => {
    const driver = temporaryFolder()
    expect(nvidiaDriver(driver)).toBeUndefined()
    const version =
      'NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC'
    writeFileSync(path.join(driver, 'version'), `${version}\nGCC version:  gcc version 12.3.0\n`)
    for (const [bus, model] of [
      ['0000:01:00.0', 'NVIDIA L4'],
      ['0000:02:00.0', 'NVIDIA H100 80GB HBM3'],
    ] as const) {
      const gpu = path.join(driver, 'gpus', bus)
      mkdirSync(gpu, { recursive: true })
      const text = `Model: \t\t ${model}\nIRQ:   \t\t 180\nGPU UUID: \t GPU-0\n`
      writeFileSync(path.join(gpu, 'information'), text)
    }
    const found = nvidiaDriver(driver)
    expect(found).toEqual({
      version: '550.54.15',
      gpus: ['NVIDIA H100 80GB HBM3', 'NVIDIA L4'],
    })
    expect(nvidiaClass(found)).toBe('NVIDIA H100 80GB HBM3; NVIDIA L4; 550.54.15')
    expect(nvidiaClass(undefined)).toBe('')
  })

  it('names every library of the driver that is missing, not only the first', () => {
    const load = (library: string) => {
      if (library.includes('cublas')) throw new Error('cannot open shared object file')
    }
    expect(missingCudaLibraries(load)).toEqual(['libcublas.so.12', 'libcublasLt.so.12'])
    expect(missingCudaLibraries(() => {})).toEqual([])
  })
})

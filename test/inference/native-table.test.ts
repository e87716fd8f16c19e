/** Each place in the table of onnxruntime's C API, told by what the function there answers in this very library. */
import { describe, expect, it } from 'vitest'
import { hasCudaProvider } from '#inference/onnx/device/cuda.ts'
import { DeviceCopy } from '#inference/onnx/native/device-copy.ts'
import { tryDeviceMemory } from '#inference/onnx/native/device-memory-trial.ts'
import { check, created, ortApi } from '#inference/onnx/native/ort-api.ts'
import { ELEMENT } from '#inference/onnx/native/ort-enums.ts'
import { FUNCTIONS } from '#inference/onnx/native/ort-table.ts'
import { NativeSession } from '#inference/onnx/native/session.ts'
import { NativeStrings } from '#inference/onnx/native/value.ts'

const api = ortApi()

/** What the library says of a call. */
function words(call: () => unknown): string {
  try {
    check(api, call())
    return ''
  } catch (thrown) {
    return String(thrown)
  }
}

describe('places in the table', () => {
  it('are each named once, in order', () => {
    const places = Object.values(FUNCTIONS).map(([at]) => at)
    expect(places).toEqual([...new Set(places)].sort((a, b) => a - b))
  })

  it('hold the functions of memory and its allocators', () => {
    const info = (name: string) => words(() => api.createMemoryInfo(name, 0, 0, 0, [null]))
    expect(info('nowhere')).toContain('Specified device is not supported')
    expect(['Cpu', 'Cuda'].map(info)).toEqual(['', ''])
    // Asked of a session, so that allocators come from it and not from the library as a whole.
    expect(() => new DeviceCopy(api, undefined, 1).deviceMemory('Cuda', 8)).toThrow(
      'No requested allocator available',
    )
    const memory = new DeviceCopy(api, undefined, 1).deviceMemory('Cpu', 8)
    expect(() => memory.tensor(4, 8, [8], ELEMENT.uint8)).toThrow(RangeError)
    memory.release()
  })

  it.skipIf(hasCudaProvider())(
    'hold the functions of CUDA, which miss the files of its provider',
    () => {
      const options = created(api, api.createCudaOptions)
      const strings = new NativeStrings(api)
      const [keys, values] = [strings.table(['device_id']), strings.table(['0'])]
      const update = words(() => api.updateCudaOptions(options, keys, values, 1))
      expect(update).toContain('libonnxruntime_providers_shared.so')
      const session = created(api, api.createSessionOptions)
      expect(words(() => api.appendCuda(session, options))).toContain('_Cuda: Failed to load')
      api.releaseCudaOptions(options)
      api.releaseSessionOptions(session)
    },
  )

  it('hold the functions of sessions and their options', () => {
    const options = created(api, api.createSessionOptions)
    expect(words(() => api.setSessionGraphOptimizationLevel(options, 5))).toMatch(/level/i)
    expect(words(() => api.setSessionExecutionMode(options, 5))).toMatch(/mode/i)
    const [nameless, zero] = [new NativeStrings(api).table(['']), new BigUint64Array(1)]
    const add = api.addExternalInitializersFromFilesInMemory
    expect(words(() => add(options, nameless, zero, zero, 1))).toContain(
      'Input index: 0 contains null pointers',
    )
    api.releaseSessionOptions(options)
    expect(() => new NativeSession(api, Uint8Array.of(1), { threads: 1 })).toThrow(/model/i)
  })
})

it('moves bytes through memory that is treated as a device’s, and tells a device that is not there', () => {
  expect(() => tryDeviceMemory(api, 'Cpu', undefined)).not.toThrow()
  expect(() => tryDeviceMemory(api, 'Cuda', undefined)).toThrow('No requested allocator')
})

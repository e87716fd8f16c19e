/**
 * Looks at one device in a process of its own, since a broken driver may end it or never come back.
 * Argument: the device. Answers with one DeviceReport over the IPC channel, and is then ended.
 */
import { createRequire } from 'node:module'
import { tryCuda } from '../native/device-place.ts'
import { ortApi } from '../native/ort-api.ts'
import { hasCudaProvider, missingCudaLibraries } from './cuda.ts'
import type { DeviceReport } from './report.ts'
import { tryDevice } from './trial.ts'
import { vulkanAdapters } from './vulkan.ts'

async function look(device: DeviceReport['device']): Promise<DeviceReport> {
  const isInstalled = device === 'webgpu' || hasCudaProvider()
  const [adapters, vulkanTrouble] = device === 'webgpu' ? lookAtVulkan() : [[], '']
  const found = { device, isInstalled, adapters }
  const silent = (trouble: string) => ({ ...found, answers: false, trouble: trouble.slice(0, 512) })
  if (!isInstalled)
    return silent(`libonnxruntime_providers_cuda.so is not installed${missingForCuda()}`)
  try {
    await tryDevice(device)
    // What sums up need not have memory that can be had and copied.
    if (device === 'cuda') tryCuda(ortApi())
    return { ...found, answers: true, trouble: '' }
  } catch (thrown) {
    const { cause } = thrown as Error
    const words = vulkanTrouble === '' ? String(cause) : vulkanTrouble
    return silent(device === 'cuda' ? `${cudaWords(words)}${missingForCuda()}` : words)
  }
}

/** The library's words begin with where in its source they were said. */
function cudaWords(words: string): string {
  return words.split('FAIL : ').at(-1) ?? words
}

function missingForCuda(): string {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
  const missing = missingCudaLibraries((library) => koffi.load(library))
  return missing.length === 0 ? '' : `; not found: ${missing.join(', ')}`
}

function lookAtVulkan(): [DeviceReport['adapters'], string] {
  if (process.platform !== 'linux') return [[], '']
  try {
    return [vulkanAdapters(), '']
  } catch (thrown) {
    return [[], String(thrown)]
  }
}

process.on('disconnect', () => process.exit(0))
process.send?.(await look(process.argv[2] === 'cuda' ? 'cuda' : 'webgpu'))

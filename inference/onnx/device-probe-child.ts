/**
 * Looks at one device in a process of its own, since a broken driver may end it or never come back.
 * Argument: the device. Answers with one DeviceReport over the IPC channel, and is then ended.
 */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import type { DeviceReport } from './device-report.ts'
import { tryDevice } from './device-trial.ts'
import { vulkanAdapters } from './device-vulkan.ts'

const CUDA_PROVIDER = 'libonnxruntime_providers_cuda.so'

async function look(device: DeviceReport['device']): Promise<DeviceReport> {
  const isInstalled = device === 'webgpu' || hasCudaProvider()
  const [adapters, vulkanTrouble] = device === 'webgpu' ? lookAtVulkan() : [[], '']
  const found = { device, isInstalled, adapters }
  if (!isInstalled)
    return { ...found, answers: false, trouble: `${CUDA_PROVIDER} is not installed` }
  try {
    await tryDevice(device)
    return { ...found, answers: true, trouble: '' }
  } catch (thrown) {
    const { cause } = thrown as Error
    const words = vulkanTrouble === '' ? String(cause) : vulkanTrouble
    return { ...found, answers: false, trouble: words.slice(0, 512) }
  }
}

function lookAtVulkan(): [DeviceReport['adapters'], string] {
  if (process.platform !== 'linux') return [[], '']
  try {
    return [vulkanAdapters(), '']
  } catch (thrown) {
    return [[], String(thrown)]
  }
}

function hasCudaProvider(): boolean {
  const require = createRequire(import.meta.url)
  const folder = path.dirname(require.resolve('onnxruntime-node/package.json'))
  const binaries = path.join(folder, 'bin', 'napi-v6', process.platform, process.arch)
  return existsSync(path.join(binaries, CUDA_PROVIDER))
}

process.on('disconnect', () => process.exit(0))
process.send?.(await look(process.argv[2] === 'cuda' ? 'cuda' : 'webgpu'))

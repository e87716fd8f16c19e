/** The class of hardware within which results are alike; part of the decoding schedule's digest. */
import { instructionSetClass } from '../instruction-set.ts'
import type { Device } from './device.ts'
import { nvidiaDriver } from './nvidia.ts'
import { type VulkanAdapter, vulkanAdapters } from './vulkan.ts'

/**
 * Of the cpu its instruction set, within which logits are equal bit for bit. Of a GPU no such promise is made:
 * kernels depend on the adapter, its driver and, for what stays there, on the processor.
 */
export async function deviceClass(device: Device): Promise<string> {
  const processor = await instructionSetClass(process.platform, process.arch)
  if (device === 'cpu') return processor
  if (device === 'cuda') return `${device} [${nvidiaClass(nvidiaDriver())}] ${processor}`
  return `${device} [${adapters().map(adapterClass).join('; ')}] ${processor}`
}

/** Of which of several GPUs CUDA calls the first, its environment decides: all are named. */
export function nvidiaClass(driver: ReturnType<typeof nvidiaDriver>): string {
  return driver === undefined ? '' : [...driver.gpus, driver.version].join('; ')
}

function adapterClass({ vendorId, deviceId, driverVersion }: VulkanAdapter): string {
  return [vendorId, deviceId, driverVersion].map((id) => id.toString(16)).join(':')
}

/** None where Vulkan is not what answers: elsewhere WebGPU runs on Metal or Direct3D. */
function adapters(): readonly VulkanAdapter[] {
  try {
    return vulkanAdapters()
  } catch {
    return []
  }
}

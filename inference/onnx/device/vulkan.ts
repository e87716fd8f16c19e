/**
 * Vulkan's adapters, asked of its loader through koffi: WebGPU on Linux runs on one of them, and
 * onnxruntime does not say which, nor whether it is a program that only imitates a GPU. Structures and
 * numbers are those of the Vulkan 1.0 specification, which never change.
 */
import { createRequire } from 'node:module'

export interface VulkanAdapter {
  readonly name: string
  readonly kind: 'discrete' | 'integrated' | 'virtual' | 'software' | 'other'
  /** VkPhysicalDeviceProperties: deciding the bits of what is computed, as far as anything does. */
  readonly vendorId: number
  readonly deviceId: number
  readonly driverVersion: number
}

/** VkPhysicalDeviceType, by its number. */
const KINDS = ['other', 'integrated', 'discrete', 'virtual', 'software'] as const
const ADAPTERS_MAX = 16
/** VkInstanceCreateInfo is 64 bytes with its sType, 1, first; all else may be zero. */
const INSTANCE_INFO_BYTES = 64
const INSTANCE_INFO_TYPE = 1
/** VkPhysicalDeviceProperties has 824 bytes on every 64-bit system. */
const PROPERTIES_BYTES = 1_024
const AT = { driverVersion: 4, vendorId: 8, deviceId: 12, kind: 16, name: 20 } as const
const NAME_BYTES = 256

/**
 * Loads the drivers of every adapter into this process, which may end it.
 * @throws Error when there is no Vulkan loader, or no driver for it
 */
export function vulkanAdapters(): VulkanAdapter[] {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
  const library = koffi.load(process.platform === 'win32' ? 'vulkan-1.dll' : 'libvulkan.so.1')
  const createInstance = library.func(
    'int vkCreateInstance(const void *info, const void *allocator, _Out_ void **instance)',
  )
  const enumerate = library.func(
    'int vkEnumeratePhysicalDevices(void *instance, _Inout_ uint32_t *count, void *devices)',
  )
  const propertiesOf = library.func(
    'void vkGetPhysicalDeviceProperties(void *device, void *properties)',
  )
  const destroy = library.func('void vkDestroyInstance(void *instance, const void *allocator)')

  const info = new Uint32Array(new ArrayBuffer(INSTANCE_INFO_BYTES))
  info[0] = INSTANCE_INFO_TYPE
  const instance: [object | null] = [null]
  checked('vkCreateInstance', createInstance(info, null, instance))
  try {
    const devices = new BigUint64Array(new ArrayBuffer(8 * ADAPTERS_MAX))
    const count: [number] = [ADAPTERS_MAX]
    checked('vkEnumeratePhysicalDevices', enumerate(instance[0], count, devices))
    return [...devices.subarray(0, count[0])].map((device) => {
      const properties = new Uint8Array(new ArrayBuffer(PROPERTIES_BYTES))
      propertiesOf(device, properties)
      return adapterOf(properties)
    })
  } finally {
    destroy(instance[0], null)
  }
}

function adapterOf(properties: Uint8Array): VulkanAdapter {
  const view = new DataView(properties.buffer)
  const name = properties.subarray(AT.name, AT.name + NAME_BYTES)
  const end = name.indexOf(0)
  return {
    name: new TextDecoder().decode(name.subarray(0, end < 0 ? NAME_BYTES : end)),
    kind: KINDS[view.getUint32(AT.kind, true)] ?? 'other',
    vendorId: view.getUint32(AT.vendorId, true),
    deviceId: view.getUint32(AT.deviceId, true),
    driverVersion: view.getUint32(AT.driverVersion, true),
  }
}

/** VkResult: VK_SUCCESS is 0, VK_INCOMPLETE 5; errors are negative. */
function checked(call: string, result: number): void {
  if (result < 0) throw new Error(`${call} failed with ${result}`)
}

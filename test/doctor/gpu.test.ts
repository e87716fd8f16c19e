import { describe, expect, it } from 'vitest'
import type { DeviceReport } from '#inference/onnx/device/report.ts'
import { gpus } from '#node/doctor/checks/gpu.ts'
import type { GpuView } from '#node/doctor/gpus.ts'
import type { Surroundings } from '#node/doctor/surroundings.ts'

const dead = (device: DeviceReport['device'], isInstalled = true): DeviceReport => ({
  ...{ device, isInstalled, answers: false, adapters: [], trouble: 'no driver' },
})
const NOTHING: GpuView = {
  ...{ renderNodes: 0, vulkanDrivers: [], nvidia: undefined },
  ...{ webgpu: dead('webgpu'), cuda: dead('cuda', false) },
}

async function found(view: Partial<GpuView>, device: Surroundings['device'] = 'cpu') {
  const surroundings = { device, gpus: async () => ({ ...NOTHING, ...view }) }
  const findings = await gpus(surroundings as unknown as Surroundings)
  return Object.fromEntries(findings.map(({ name, health, fix }) => [name, { health, fix }]))
}

describe('GPUs', () => {
  it('is content without one, unless the settings name it', async () => {
    expect(await found({})).toMatchObject({
      'gpu-webgpu': { health: 'pass' },
      'gpu-cuda': { health: 'pass' },
    })
    const named = await found({}, 'webgpu')
    expect(named['gpu-webgpu']).toMatchObject({
      health: 'fail',
      fix: expect.stringMatching('/dev/dri'),
    })
  })

  it('says what a GPU that is there still needs', async () => {
    const fixOf = async (view: Partial<GpuView>, name: string) => {
      const finding = (await found(view))[name]
      expect(finding?.health).toBe('warn')
      return finding?.fix
    }
    expect(await fixOf({ renderNodes: 1 }, 'gpu-webgpu')).toMatch(/mesa-vulkan-drivers/)
    const vulkanDrivers = ['radeon_icd.x86_64.json']
    expect(await fixOf({ renderNodes: 1, vulkanDrivers }, 'gpu-webgpu')).toMatch(/libvulkan1/)
    expect(await fixOf({ nvidia: 'H100, 570' }, 'gpu-cuda')).toMatch(/ONNXRUNTIME_NODE_INSTALL/)
    const cuda = dead('cuda')
    expect(await fixOf({ nvidia: 'H100, 570', cuda }, 'gpu-cuda')).toMatch(/cuDNN 9/)
  })

  it('passes a device that answers', async () => {
    const view = { webgpu: { ...dead('webgpu'), answers: true } }
    expect((await found(view, 'webgpu'))['gpu-webgpu']?.health).toBe('pass')
  })
})

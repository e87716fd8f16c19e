/** Whether a GPU can run a model here: drivers, libraries, and an answer of the device itself. */
import { CUDA_INSTALL } from '#inference/onnx/device/cuda.ts'
import { type Finding, fail, pass, warn } from '../finding.ts'
import type { GpuView } from '../gpus.ts'
import type { Surroundings } from '../surroundings.ts'
import type { NamedFinding } from './runtime.ts'

const DOCS = 'docs/OPERATING-GPU.md'

/** A missing GPU is a failure only where the settings name it, a warning where one is there unused. */
export async function gpus(surroundings: Surroundings): Promise<readonly NamedFinding[]> {
  const { device, gpus: look } = surroundings
  if (look === undefined) return [{ name: 'gpu-webgpu', ...pass('not looked at') }]
  const view = await look()
  const judge = (name: 'webgpu' | 'cuda', isThere: boolean, fix: string): Finding => {
    const { answers, trouble, adapters } = view[name]
    const shown = adapters.map((one) => `${one.name} (${one.kind})`).join(', ')
    if (answers) return pass(shown === '' ? 'answers' : `answers: ${shown}`)
    const found = `no device answers: ${trouble.split('\n')[0]?.slice(0, 256)}`
    if (device === name) return fail(found, fix)
    return isThere ? warn(found, fix) : pass(`${found}; no such GPU is in this machine`)
  }
  const { renderNodes, nvidia } = view
  return [
    { name: 'gpu-drivers', ...drivers(view) },
    { name: 'gpu-webgpu', ...judge('webgpu', renderNodes > 0, webgpuFix(view)) },
    { name: 'gpu-cuda', ...judge('cuda', nvidia !== undefined, cudaFix(view)) },
  ]
}

function drivers({ renderNodes, vulkanDrivers, nvidia }: GpuView): Finding {
  const vulkan = vulkanDrivers.length === 0 ? 'none' : vulkanDrivers.join(', ')
  return pass(`/dev/dri: ${renderNodes}; Vulkan: ${vulkan}; nvidia-smi: ${nvidia ?? 'none'}`)
}

function webgpuFix({ renderNodes, vulkanDrivers }: GpuView): string {
  if (renderNodes === 0) return `No GPU is visible: pass /dev/dri into the container. ${DOCS}`
  if (vulkanDrivers.length === 0) {
    return `Install a Vulkan driver: mesa-vulkan-drivers, or NVIDIA's with its libraries. ${DOCS}`
  }
  return `Install Vulkan's loader (libvulkan1), and join the group \`render\`. ${DOCS}`
}

function cudaFix({ nvidia, cuda }: GpuView): string {
  if (nvidia === undefined) return `Install NVIDIA's driver: nvidia-smi must answer. ${DOCS}`
  if (!cuda.isInstalled) return `Run in Cocoon's folder: ${CUDA_INSTALL}`
  return `Install CUDA 12 and cuDNN 9, and name their folders in LD_LIBRARY_PATH. ${DOCS}`
}

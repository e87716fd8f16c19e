/** `auto`: CUDA where its provider is installed and answers, else a GPU through WebGPU, else the cpu. */
import type { Device } from './device.ts'
import { probeDevice } from './device-probe.ts'
import type { DeviceReport } from './device-report.ts'
import type { OnnxEngineOptions } from './engine-options.ts'

export interface DeviceDecision {
  readonly device: Device
  /** For the log: what was found, and why the others were not taken. */
  readonly reason: string
}

/** What the options name, or for `auto` what the machine has; that and why is logged. Never rejects. */
export async function resolveDevice(
  options: Pick<OnnxEngineOptions, 'device' | 'environment' | 'signal' | 'log'>,
): Promise<Device> {
  const { device = 'cpu', environment = {}, signal, log } = options
  if (device !== 'auto') return device
  const cuda = await probeDevice('cuda', environment, signal)
  const webgpu = cuda.answers ? undefined : await probeDevice('webgpu', environment, signal)
  const decision = decideDevice(cuda, webgpu)
  log?.('device chosen', { device: decision.device, reason: decision.reason })
  return decision.device
}

/** Pure. A software adapter is never taken: the cpu's own kernels are many times faster. */
export function decideDevice(cuda: DeviceReport, webgpu: DeviceReport | undefined): DeviceDecision {
  if (cuda.answers) return { device: 'cuda', reason: 'a CUDA device answers' }
  const noCuda = `cuda: ${cuda.trouble}`
  if (webgpu === undefined || !webgpu.answers) {
    return { device: 'cpu', reason: `${noCuda}; webgpu: ${webgpu?.trouble ?? 'not asked'}` }
  }
  const real = webgpu.adapters.find(({ kind }) => kind !== 'software' && kind !== 'other')
  if (real !== undefined) return { device: 'webgpu', reason: `${noCuda}; webgpu: ${real.name}` }
  const [software] = webgpu.adapters
  const why =
    software === undefined
      ? 'it answers, but whether by a GPU cannot be told here: name it to use it'
      : `only ${software.name}, which is no GPU`
  return { device: 'cpu', reason: `${noCuda}; webgpu: ${why}` }
}

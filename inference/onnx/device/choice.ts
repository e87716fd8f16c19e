/** `auto`: CUDA where its provider is installed and answers, else a GPU through WebGPU, else the cpu. */
import { asCocoonError } from '#protocol/errors.ts'
import type { OnnxEngineOptions } from '../engine-options.ts'
import type { Device } from './device.ts'
import { probeDevice } from './probe.ts'
import type { DeviceReport } from './report.ts'

export interface DeviceDecision {
  readonly device: Device
  /** For the log: what was found, and why the others were not taken. */
  readonly reason: string
}

type ChoiceOptions = Pick<OnnxEngineOptions, 'device' | 'environment' | 'signal' | 'log'>

/** What a device says of one model; another may run it. */
const REFUSALS = ['DEVICE_REFUSES_MODEL', 'DEVICE_OUT_OF_MEMORY']

/**
 * Starts something on the device that the options name, or for `auto` on the best one that takes the model: the cpu
 * takes all.
 * @throws what `start` throws, but for refusals of devices that nobody named
 */
export async function startOnDevice<T>(
  options: ChoiceOptions,
  start: (device: Device) => Promise<T>,
  probe = probeDevice,
): Promise<T> {
  const refusing = new Map<Device, string>()
  for (;;) {
    const device = await resolveDevice(options, refusing, probe)
    try {
      return await start(device)
    } catch (thrown) {
      const { code, message } = asCocoonError(thrown)
      if (options.device !== 'auto' || device === 'cpu' || !REFUSALS.includes(code)) throw thrown
      refusing.set(device, message)
    }
  }
}

/**
 * What the options name, or for `auto` what the machine has; that and why is logged. Never rejects.
 * @param refusing devices that are not asked again, and why
 */
export async function resolveDevice(
  options: ChoiceOptions,
  refusing: ReadonlyMap<Device, string> = new Map(),
  probe = probeDevice,
): Promise<Device> {
  const { device = 'cpu', environment = {}, signal, log } = options
  if (device !== 'auto') return device
  const ask = async (one: DeviceReport['device']): Promise<DeviceReport> => {
    const trouble = refusing.get(one)
    if (trouble === undefined) return await probe(one, environment, signal)
    return { device: one, isInstalled: true, answers: false, adapters: [], trouble }
  }
  const cuda = await ask('cuda')
  const webgpu = cuda.answers ? undefined : await ask('webgpu')
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

/** GPUs and their drivers as this machine shows them; devices are asked in processes of their own. */
import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { promisify } from 'node:util'
import { probeDevice } from '#inference/onnx/device/probe.ts'
import type { DeviceReport } from '#inference/onnx/device/report.ts'
import { deviceEnvironment } from '#node/compose/device-environment.ts'

const PROBE_TIMEOUT_MS = 20_000
const NVIDIA_SMI_TIMEOUT_MS = 5_000
const ICD_FOLDERS = ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d']

export interface GpuView {
  /** Render nodes in /dev/dri: GPUs that the kernel has a driver for. */
  readonly renderNodes: number
  /** Manifests of Vulkan drivers, where the loader looks for them. */
  readonly vulkanDrivers: readonly string[]
  /** What nvidia-smi says: name and driver; undefined: it is not there or fails. */
  readonly nvidia: string | undefined
  readonly webgpu: DeviceReport
  readonly cuda: DeviceReport
}

export async function lookAtGpus(): Promise<GpuView> {
  const environment = deviceEnvironment()
  const probe = (device: DeviceReport['device']) =>
    probeDevice(device, environment, AbortSignal.timeout(PROBE_TIMEOUT_MS))
  return {
    renderNodes: entries('/dev/dri').filter((name) => name.startsWith('renderD')).length,
    vulkanDrivers: ICD_FOLDERS.flatMap(entries).filter((name) => name.endsWith('.json')),
    nvidia: await nvidiaSmi(),
    webgpu: await probe('webgpu'),
    cuda: await probe('cuda'),
  }
}

function entries(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : []
}

async function nvidiaSmi(): Promise<string | undefined> {
  const query = ['--query-gpu=name,driver_version', '--format=csv,noheader']
  const options = { timeout: NVIDIA_SMI_TIMEOUT_MS }
  const asked = promisify(execFile)('nvidia-smi', query, options)
  const text = await asked.then(
    ({ stdout }) => stdout.trim().slice(0, 256),
    () => '',
  )
  return text === '' ? undefined : text.split('\n').join('; ')
}

/** Where a model runs, and what is said when it cannot run there. */
import { ConfigError } from '#protocol/errors.ts'

/** In onnxruntime's names of its execution providers. */
export const DEVICES = ['cpu', 'webgpu', 'cuda'] as const
export type Device = (typeof DEVICES)[number]

/** `auto`: the best one that answers; see device-choice.ts. */
export const DEVICE_CHOICES = [...DEVICES, 'auto'] as const
export type DeviceChoice = (typeof DEVICE_CHOICES)[number]

/** Nothing answers there: a driver, a library or the device itself is missing. */
export function deviceUnavailable(
  device: Device,
  cause: unknown,
  remedy = 'Run `cocoon doctor`: it looks at drivers and libraries. `--device cpu` always works.',
): ConfigError {
  return new ConfigError('DEVICE_UNAVAILABLE', `no ${device} device answers on this machine`, {
    remedy,
    data: { device },
    cause,
  })
}

/** What to use instead of a graph that a device cannot run. */
const OTHER_GRAPHS: Readonly<Record<Device, string>> = {
  cpu: 'Use an fp32, fp16, q4 or q8 export of the model.',
  webgpu: 'Use an fp32 or q4 export of the model, or `--device cpu`.',
  cuda: 'Use an fp16 or q4f16 export with GroupQueryAttention, `--device webgpu` or `--device cpu`.',
}

/** The device answers, but not for this graph: for example float16 on one that has none. */
export function deviceRefusesModel(device: Device, cause: unknown, reason?: string): ConfigError {
  const why = reason === undefined ? '' : `: ${reason}`
  return new ConfigError(
    'DEVICE_REFUSES_MODEL',
    `the ${device} device cannot run this graph${why}`,
    {
      remedy: OTHER_GRAPHS[device],
      data: { device, ...(reason === undefined ? {} : { reason }) },
      cause,
    },
  )
}

/** The caches of all slots do not fit beside the weights. */
export function deviceOutOfMemory(device: Device, cacheBytes: number, cause: unknown): ConfigError {
  return new ConfigError(
    'DEVICE_OUT_OF_MEMORY',
    `the ${device} device has no room for the caches of this model`,
    {
      remedy: 'Lower `--context` or `--slots`, use a smaller model, or end what else uses the GPU.',
      data: { device, cacheBytes },
      cause,
    },
  )
}

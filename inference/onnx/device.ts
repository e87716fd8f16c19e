/** Where a model runs, and what is said when it cannot run there. */
import { ConfigError } from '#protocol/errors.ts'

/** In onnxruntime's names of its execution providers. */
export const DEVICES = ['cpu', 'webgpu', 'cuda'] as const
export type Device = (typeof DEVICES)[number]

/** `auto`: the best one that answers; see device-choice.ts. */
export const DEVICE_CHOICES = [...DEVICES, 'auto'] as const
export type DeviceChoice = (typeof DEVICE_CHOICES)[number]

/** Nothing answers there: a driver, a library or the device itself is missing. */
export function deviceUnavailable(device: Device, cause: unknown): ConfigError {
  return new ConfigError('DEVICE_UNAVAILABLE', `no ${device} device answers on this machine`, {
    remedy: 'Run `cocoon doctor`: it looks at drivers and libraries. `--device cpu` always works.',
    data: { device },
    cause,
  })
}

/** The device answers, but not for this graph: for example float16 on one that has none. */
export function deviceRefusesModel(device: Device, cause: unknown): ConfigError {
  return new ConfigError('DEVICE_REFUSES_MODEL', `the ${device} device cannot run this graph`, {
    remedy: 'Use an fp32 or q4 export of the model, or `--device cpu`.',
    data: { device },
    cause,
  })
}

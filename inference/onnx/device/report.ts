/** What a look at one device found, in the shape in which it leaves the process that looked. */
import { z } from 'zod'

const text = z.string().max(512)

const Adapter = z.strictObject({
  name: z.string().max(256),
  kind: z.enum(['discrete', 'integrated', 'virtual', 'software', 'other']),
  vendorId: z.int().min(0),
  deviceId: z.int().min(0),
  driverVersion: z.int().min(0),
})

export const DeviceReport = z.strictObject({
  device: z.enum(['webgpu', 'cuda']),
  /** Whether onnxruntime has its provider here: that of CUDA is installed by hand. */
  isInstalled: z.boolean(),
  /** Whether it computed a sum. */
  answers: z.boolean(),
  /** Adapters of Vulkan, on which WebGPU runs on Linux; elsewhere none is known. */
  adapters: z.array(Adapter).max(16),
  /** What the library or the driver said; empty when it answers. */
  trouble: text,
})
export type DeviceReport = z.output<typeof DeviceReport>

/** What CUDA needs beside the library that onnxruntime-node brings, and how it is come by. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { deviceUnavailable } from './device.ts'

/** In Cocoon's folder; npm itself runs no script of this package (allowScripts in package.json). */
export const CUDA_INSTALL =
  'ONNXRUNTIME_NODE_INSTALL=cuda12 npx node node_modules/onnxruntime-node/script/install.js'

const PROVIDER_FILES = [
  'libonnxruntime_providers_shared.so',
  'libonnxruntime_providers_cuda.so',
] as const

/** What the provider for CUDA 12 is linked with, and the driver. */
const DRIVER_LIBRARIES = [
  'libcuda.so.1',
  'libcudart.so.12',
  'libcublas.so.12',
  'libcublasLt.so.12',
  'libcurand.so.10',
  'libcufft.so.11',
  'libcudnn.so.9',
] as const

/**
 * Options of the provider (https://onnxruntime.ai/docs/execution-providers/CUDA-ExecutionProvider.html): they
 * could change a bit of the output. Products of float32 keep its 24 bits; memory grows by what is asked for,
 * so that the slabs of the caches, one piece of gigabytes, are not rounded up to a power of two.
 */
export const CUDA_OPTIONS = {
  device_id: '0',
  arena_extend_strategy: 'kSameAsRequested',
  use_tf32: '0',
} as const

/** Whether the files of the provider lie beside the library. */
export function hasCudaProvider(): boolean {
  const manifest = createRequire(import.meta.url).resolve('onnxruntime-node/package.json')
  const folder = path.join(path.dirname(manifest), 'bin', 'napi-v6', process.platform, process.arch)
  return PROVIDER_FILES.every((file) => existsSync(path.join(folder, file)))
}

/** @throws ConfigError DEVICE_UNAVAILABLE whose remedy is the command that installs the provider */
export function checkCudaProvider(): void {
  if (hasCudaProvider()) return
  const cause = new Error('the provider of CUDA is not installed')
  throw deviceUnavailable('cuda', cause, `Run in Cocoon's folder: ${CUDA_INSTALL}`)
}

/**
 * Those of the libraries that the dynamic linker does not find: it names only the first one itself. Loads the
 * others into this process.
 * @param load throws when a library cannot be loaded
 */
export function missingCudaLibraries(load: (library: string) => unknown): string[] {
  return DRIVER_LIBRARIES.filter((library) => {
    try {
      load(library)
      return false
    } catch {
      return true
    }
  })
}

/** What runs, apart from the machine it runs on: a client's policy can name it without running it. */
import { createRequire } from 'node:module'
import { tagged, utf8 } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { CUDA_OPTIONS } from './device/cuda.ts'
import type { Device } from './device/device.ts'

/** Options that could change a bit of the output; they are part of the runtime digest. */
export function sessionOptions(device: Device) {
  return {
    executionProviders: [device],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
  } as const
}

/** What is changed in a graph before it runs (surgery/): a change that can change a bit counts this up. */
const GRAPH_REWRITING = 2

/** For example "onnxruntime-node 1.30.0". */
export function onnxLibrary(): string {
  const manifest = createRequire(import.meta.url)('onnxruntime-node/package.json')
  return `onnxruntime-node ${String((manifest as { version?: unknown }).version)}`
}

/**
 * SHA-256 over library, version and options, the kind of device among them. The instruction set is not in it: it belongs to the
 * machine, and to the decoding schedule.
 */
export function onnxRuntimeDigest(crypto: CryptoPort, device: Device = 'cpu'): Uint8Array {
  const choices = { graphRewriting: GRAPH_REWRITING, attentionTiles: false }
  const provider = device === 'cuda' ? { cuda: CUDA_OPTIONS } : {}
  const options = JSON.stringify({ ...sessionOptions(device), ...choices, ...provider })
  return crypto.sha256(tagged('cocoon/runtime/1', utf8(onnxLibrary()), utf8(options)))
}

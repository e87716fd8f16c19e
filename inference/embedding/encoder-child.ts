/** Entry of the embedding process: one of its own for the reasons of ../onnx/process/engine-child.ts. */
import { Worker } from 'node:worker_threads'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { asCocoonError } from '#protocol/errors.ts'
import { onnxLibrary, onnxRuntimeDigest } from '../onnx/runtime.ts'
import { readEncoder } from './encoder-files.ts'
import { EncoderGraph } from './encoder-graph.ts'
import { type EncoderLoad, type FromEncoder, ToEncoder } from './messages.ts'

let graph: EncoderGraph | undefined
let loading = false

function send(message: FromEncoder): void {
  if (process.connected) process.send?.(message)
}

/** Message and remedy of a CocoonError are its own words; a stranger's message stays here. */
function failure(thrown: unknown) {
  const { code, message, remedy } = asCocoonError(thrown)
  return { code, message: message.slice(0, 1_024), remedy: remedy.slice(0, 1_024) }
}

async function load({ folder, threads, memoryLimitBytes }: EncoderLoad): Promise<void> {
  const guard = new URL('../onnx/process/memory-guard.ts', import.meta.url)
  new Worker(guard, { workerData: { memoryLimitBytes } })
  try {
    const model = await readEncoder(folder, nodeCrypto)
    graph = await EncoderGraph.open(model, threads)
    const { contextTokens, vocabularySize } = model.config
    send({
      kind: 'ready',
      engine: `${onnxLibrary()} (encoder, cpu)`,
      modelRoot: model.root,
      runtimeDigest: onnxRuntimeDigest(nodeCrypto),
      contextTokens,
      vocabularySize,
      dimensions: graph.dimensions,
    })
  } catch (thrown) {
    send({ kind: 'refused', ...failure(thrown) })
  }
}

process.on('message', (raw) => {
  const message = ToEncoder.parse(raw)
  if (message.kind === 'load') {
    if (!loading) void load(message)
    loading = true
    return
  }
  const { id, ids } = message
  graph?.embed(ids).then(
    (vector) => send({ kind: 'vector', id, vector }),
    (thrown) => send({ kind: 'failed', id, ...failure(thrown) }),
  )
})

// Ctrl-C at a terminal and some supervisors' SIGTERM reach the whole process group. When the engine ends is for
// the node to say, which lets running answers end first.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined)

// Nobody is left to work for: an engine must not outlive its node.
process.on('disconnect', () => process.exit(0))

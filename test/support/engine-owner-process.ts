/** A process that owns an engine and does nothing else: `node engine-owner-process.ts FOLDER`. */
import { createOnnxEngine } from '#inference/onnx/onnx-engine.ts'

const folder = process.argv[2] ?? ''
const clock = { nowMs: () => 0 }
const engine = await createOnnxEngine({ folder, modelId: 'owned', clock, threads: 1 })
console.log(engine.processId)

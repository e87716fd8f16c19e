/**
 * The engine's own process with a stopwatch around every call of ONNX Runtime. Argument: the file into which
 * the calls are written when the process ends.
 */
import { writeFileSync } from 'node:fs'
import { NativeSession } from '#inference/onnx/native/session.ts'

/** [rows of ids, start, end] in milliseconds, in order. */
export type TimedCall = readonly [ids: number, startMs: number, endMs: number]

const calls: TimedCall[] = []
const run = NativeSession.prototype.run
NativeSession.prototype.run = async function timed(call, signal) {
  const startMs = performance.now()
  try {
    await run.call(this, call, signal)
  } finally {
    calls.push([call.idsTotal, startMs, performance.now()])
  }
}
process.on('exit', () => writeFileSync(process.argv[2] ?? '', JSON.stringify(calls)))

await import('#inference/onnx/process/engine-child.ts')

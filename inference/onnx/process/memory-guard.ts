/**
 * Runs as a worker thread of the engine process and ends the process when its resident memory
 * passes the limit. A thread of its own, because a model call blocks the main one; and resident
 * memory, because neither V8's heap limit nor RLIMIT_AS (V8 reserves a terabyte it never touches)
 * bounds what native code allocates.
 */
import { workerData } from 'node:worker_threads'
import { ENGINE_MEMORY_CHECK_INTERVAL_MS } from '../../constants.ts'

const { memoryLimitBytes } = workerData as { readonly memoryLimitBytes: number }
const neverNotified = new Int32Array(new SharedArrayBuffer(4))

for (;;) {
  Atomics.wait(neverNotified, 0, 0, ENGINE_MEMORY_CHECK_INTERVAL_MS)
  if (process.memoryUsage.rss() > memoryLimitBytes) process.kill(process.pid, 'SIGKILL')
}

/**
 * The node's event loop while its engine loads and decodes: models run in a process of their own, so that no
 * turn of the loop takes long. Turns are measured in processor time of the thread, which a busy machine does not
 * stretch as it does the clock's.
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { loadChatTokenizer } from '#inference/model/chat-tokenizer.ts'
import { readTokenizerFiles } from '#inference/model/read-model.ts'
import { createOnnxEngine, type OnnxEngine } from '#inference/onnx/onnx-engine.ts'
import { collect } from '../support/collect.ts'

const DEMO = path.join(import.meta.dirname, '../../models/demo')
/** As much of the loop's time as nobody notices in a stream: garbage collection included. */
const TURN_MS_MAX = 100
const STREAMS = 16
const TOKENS = 48
const clock = { nowMs: () => 0 }

/** Processor time of the longest turn of this thread's loop while the work is done, in ms. */
async function longestTurnMs(work: () => Promise<unknown>): Promise<number> {
  let isDone = false
  const done = work().finally(() => {
    isDone = true
  })
  let longestUs = 0
  while (!isDone) {
    const before = process.threadCpuUsage()
    await nextTurn()
    const { user, system } = process.threadCpuUsage(before)
    longestUs = Math.max(longestUs, user + system)
  }
  await done
  return longestUs / 1_000
}

/** Linux: utime of the process, in clock ticks; 0 elsewhere. */
function processorTicks(processId: number | undefined): number {
  if (process.platform !== 'linux') return 0
  const stat = readFileSync(`/proc/${processId}/stat`, 'utf8')
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[11])
}

it('is never blocked by a model, from its load to the last of many streams', async () => {
  const tokenizer = loadChatTokenizer(await readTokenizerFiles(DEMO))
  const content = 'Tell me everything about Cocoon. '.repeat(4)
  const promptTokenIds = tokenizer.encodeChat([{ role: 'user', content }])
  let engine: OnnxEngine | undefined
  const ask = (seed: number) =>
    engine === undefined
      ? Promise.reject(new Error('no engine'))
      : collect(
          engine.generate({
            promptTokenIds,
            ...{ resumeTokenIds: [], maxTokens: TOKENS, stop: [] },
            sampling: { temperature: 1.5, topP: 1, seed: BigInt(seed) },
            signal: new AbortController().signal,
          }),
        )
  const turnMs = await longestTurnMs(async () => {
    const options = { folder: DEMO, modelId: 'demo', clock, threads: 1, slotsTotal: STREAMS }
    engine = await createOnnxEngine(options)
    await Promise.all(Array.from({ length: STREAMS }, (_, seed) => ask(seed)))
  })
  const ticks = processorTicks(engine?.processId)
  await engine?.[Symbol.asyncDispose]()
  expect(turnMs).toBeLessThan(TURN_MS_MAX)
  // The engine's process did what would have blocked this one: several turns' worth.
  if (process.platform === 'linux') expect(ticks * 10).toBeGreaterThan(3 * TURN_MS_MAX)
})

it('would be seen to be blocked', async () => {
  const blockedMs = await longestTurnMs(async () => {
    const before = process.threadCpuUsage()
    await nextTurn()
    while (process.threadCpuUsage(before).user < 2_000 * TURN_MS_MAX) {
      // As a model call in this process would.
    }
  })
  expect(blockedMs).toBeGreaterThan(TURN_MS_MAX)
})

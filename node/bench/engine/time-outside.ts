/** The share of a step that is not spent in ONNX Runtime: sampling, text, scheduling and messages. */
import { fork } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { ENGINE_CREDIT_STEP_EVENTS } from '#inference/constants.ts'
import { ENGINE_PROCESS_FLAGS } from '#inference/onnx/process/child-link.ts'
import { FromChild, type ToChild } from '#inference/onnx/process/messages.ts'
import { promptIds } from './subject.ts'

export interface OutsideOptions {
  readonly folder: string
  readonly threads: number
  readonly streams: number
  readonly tokens: number
  readonly sampling: { temperature: number; topP: number; seed: bigint }
  readonly vocabularySize: number
  /** For the file of times. */
  readonly scratchFolder: string
}

const PROMPT_TOKENS = 64
const MEMORY_LIMIT_BYTES = 8 * 1024 ** 3
const calls = z.array(z.tuple([z.number(), z.number(), z.number()]))

/** One share for each step in which all streams were decoded, 0 to 1. */
export async function outsideShares(options: OutsideOptions): Promise<number[]> {
  const { streams, scratchFolder } = options
  const file = path.join(scratchFolder, `calls-${process.pid}.json`)
  await runStreams(options, file)
  const timed = calls.parse(JSON.parse(await readFile(file, 'utf8')))
  return timed.slice(1).flatMap(([ids, startMs], at) => {
    const [previousIds = 0, previousStartMs = 0, previousEndMs = 0] = timed[at] ?? []
    if (ids !== streams || previousIds !== streams) return []
    return [(startMs - previousEndMs) / (startMs - previousStartMs)]
  })
}

/** Speaks to the process as the node does, and ends it when every stream has had enough. */
function runStreams(options: OutsideOptions, file: string): Promise<void> {
  const { folder, threads, streams, tokens, sampling, vocabularySize } = options
  const child = fork(path.join(import.meta.dirname, 'timed-child.ts'), [file], {
    execArgv: ENGINE_PROCESS_FLAGS,
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const send = (message: ToChild) => child.send(message)
  send({
    kind: 'load',
    backend: 'native',
    device: 'cpu',
    kvCache: 'graph',
    folder,
    slotsTotal: streams,
    threads,
    memoryLimitBytes: MEMORY_LIMIT_BYTES,
  })
  let left = streams * tokens
  const events = new Map<number, number>()
  return new Promise((resolve, reject) => {
    child.once('exit', () => (left <= 0 ? resolve() : reject(new Error('the engine ended'))))
    child.on('message', (raw) => {
      const message = FromChild.parse(raw)
      if (message.kind === 'ready') {
        for (let stream = 0; stream < streams; stream++) {
          const promptTokenIds = promptIds(PROMPT_TOKENS, stream, 1, vocabularySize)
          const request = {
            promptTokenIds,
            resumeTokenIds: [],
            maxTokens: 1_000,
            sampling,
            stop: [],
          }
          send({ kind: 'start', id: stream + 1, request })
        }
      } else if (message.kind === 'events') {
        left -= message.events.filter(({ event }) => event.kind === 'token').length
        // A reader that keeps up and gives credit back in steps, as the node does.
        for (const { id } of message.events) {
          const read = (events.get(id) ?? 0) + 1
          events.set(id, read)
          if (read % ENGINE_CREDIT_STEP_EVENTS !== 0) continue
          send({ kind: 'credit', id, events: ENGINE_CREDIT_STEP_EVENTS })
        }
        if (left <= 0 && child.connected) child.disconnect()
      } else reject(new Error('the engine refused the model'))
    })
  })
}

/**
 * Entry of the engine process. It is a process of its own because onnxruntime's calls block their
 * event loop, and because native parsers of strangers' files may crash: the node must not.
 */
import { Worker } from 'node:worker_threads'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { asCocoonError, type CocoonError } from '#protocol/errors.ts'
import { Scheduler } from '../../decoding/scheduler.ts'
import { loadModel } from '../load-model.ts'
import { type EngineEvent, type FromChild, type LoadMessage, ToChild } from './messages.ts'

let scheduler: Scheduler<unknown> | undefined
let loading = false
const made: EngineEvent[] = []

function send(message: FromChild): void {
  if (process.connected) process.send?.(message)
}

function sendEvents(): void {
  if (made.length > 0) send({ kind: 'events', events: made.splice(0) })
}

/** Message and remedy of a CocoonError are its own words; a stranger's message stays here. */
function failure({ code, message, remedy }: CocoonError) {
  return { code, message: message.slice(0, 1_024), remedy: remedy.slice(0, 1_024) }
}

async function load(message: LoadMessage): Promise<void> {
  const { memoryLimitBytes } = message
  new Worker(new URL('./memory-guard.ts', import.meta.url), { workerData: { memoryLimitBytes } })
  try {
    const { ready, ...parts } = await loadModel(message, nodeCrypto)
    scheduler = new Scheduler(parts, {
      event: (id, event) => made.push({ id, event }),
      flush: sendEvents,
      failed: (id, error) => {
        sendEvents()
        const errorKind = error.kind === 'config' ? error.kind : 'unavailable'
        send({ kind: 'failed', id, errorKind, ...failure(error) })
      },
    })
    send(ready)
  } catch (thrown) {
    send({ kind: 'refused', ...failure(asCocoonError(thrown)) })
  }
}

process.on('message', (raw) => {
  const message = ToChild.parse(raw)
  if (message.kind === 'load') {
    if (!loading) void load(message)
    loading = true
  } else if (message.kind === 'start') scheduler?.start(message.id, message.request)
  else if (message.kind === 'credit') scheduler?.credit(message.id, message.events)
  else scheduler?.cancel(message.id)
})

// Ctrl-C at a terminal and some supervisors' SIGTERM reach the whole process group. When the engine ends is for
// the node to say, which lets running answers end first.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined)

// Nobody is left to work for: an engine must not outlive its node.
process.on('disconnect', () => process.exit(0))

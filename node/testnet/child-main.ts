/**
 * The frame of a testnet's child process: start, say ready, wait until told to stop or until the
 * parent is gone, stop cleanly. The terminal's Ctrl-C is the parent's to handle.
 */
import { describeError } from '#node/log.ts'
import { asCocoonError } from '#protocol/errors.ts'
import { STOP_TIMEOUT_MS } from './constants.ts'
import { type ChildMessage, isStopMessage } from './messages.ts'

export interface RunningChild {
  readonly ready: ChildMessage
  stop(): Promise<void>
}

export type Tell = (message: ChildMessage) => void

export function runChild(start: (tell: Tell) => Promise<RunningChild>): void {
  let running: Promise<RunningChild> | undefined
  let stopping = false
  const stop = async () => {
    if (stopping) return
    stopping = true
    // A start that hangs must not outlive its parent.
    setTimeout(() => process.exit(1), STOP_TIMEOUT_MS).unref()
    try {
      await (await running)?.stop()
      process.exit(0)
    } catch (error) {
      complain(error)
      process.exit(1)
    }
  }
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error) => {
      complain(error)
      process.exit(1)
    })
  }
  process.on('SIGINT', () => undefined)
  process.on('SIGTERM', () => void stop())
  process.on('disconnect', () => void stop())
  process.on('message', (message) => {
    if (isStopMessage(message)) void stop()
  })
  running = start(tell)
  running.then(
    ({ ready }) => tell(ready),
    async (error) => {
      complain(error)
      const { kind, code, message, remedy } = asCocoonError(error)
      await told({ kind: 'failed', error: { kind, code, message, remedy } })
      process.exit(1)
    },
  )
}

/** To stderr, which is this process's log file. */
function complain(error: unknown): void {
  process.stderr.write(`${describeError(error)}\n`)
}

/** A message to a parent that is gone is dropped: `disconnect` stops this process. */
function tell(message: ChildMessage): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined)
}

function told(message: ChildMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(message, undefined, undefined, () => resolve())
    else resolve()
  })
}

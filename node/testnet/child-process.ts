/** A child process as the testnet sees it. */
import { type ChildProcess, fork } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { CocoonError, UnavailableError } from '#protocol/errors.ts'
import { STOP_TIMEOUT_MS } from './constants.ts'
import { type ChildMessage, childMessageSchema, STOP_MESSAGE } from './messages.ts'

export interface ChildOptions {
  readonly name: string
  /** The module that the process runs; its only argument is `configFile`. */
  readonly modulePath: string
  readonly configFile: string
  readonly logFile: string
  readonly readyTimeoutMs: number
  readonly onMessage: (message: ChildMessage) => void
  /** Called once, however the process ended. */
  readonly onExit: (how: { readonly code: number | null; readonly signal: string | null }) => void
}

export interface Child {
  readonly name: string
  readonly pid: number
  exited(): boolean
  /** Asks politely, kills after STOP_TIMEOUT_MS. Idempotent. */
  stop(): Promise<void>
  kill(): void
}

export interface StartedChild {
  readonly child: Child
  readonly ready: ChildMessage
}

/**
 * Resolves when the process said that it is ready.
 * @throws the CocoonError that the child reported
 * @throws UnavailableError CHILD_EXITED, CHILD_SLOW
 */
export async function startChild(options: ChildOptions): Promise<StartedChild> {
  const process = forkChild(options)
  const exited = new Promise<void>((resolve) => {
    process.once('exit', (code, signal) => {
      resolve()
      options.onExit({ code, signal })
    })
  })
  const child = handle(options.name, process, exited)
  try {
    return { child, ready: await firstWord(options, process) }
  } catch (error) {
    child.kill()
    await exited
    throw error
  }
}

function forkChild(options: ChildOptions): ChildProcess {
  const log = openSync(options.logFile, 'a', 0o600)
  try {
    return fork(options.modulePath, [options.configFile], {
      // A session of its own: Ctrl-C in the terminal reaches the parent only, which stops in order.
      detached: true,
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', log, log, 'ipc'],
    })
  } finally {
    closeSync(log)
  }
}

function firstWord(options: ChildOptions, process: ChildProcess): Promise<ChildMessage> {
  const { name, readyTimeoutMs, logFile, onMessage } = options
  const { promise, resolve, reject } = Promise.withResolvers<ChildMessage>()
  const late = setTimeout(() => {
    reject(new UnavailableError('CHILD_SLOW', `${name} was not ready in ${readyTimeoutMs} ms`))
  }, readyTimeoutMs)
  process.on('message', (raw) => {
    const parsed = childMessageSchema.safeParse(raw)
    if (!parsed.success) return
    const message = parsed.data
    if (message.kind === 'failed') reject(reported(message.error))
    else if (message.kind === 'event') onMessage(message)
    else resolve(message)
  })
  process.once('exit', () => reject(childExited(name, logFile)))
  process.once('error', reject)
  return promise.finally(() => clearTimeout(late))
}

function handle(name: string, process: ChildProcess, exited: Promise<void>): Child {
  const hasExited = () => process.exitCode !== null || process.signalCode !== null
  return {
    name,
    pid: process.pid ?? 0,
    exited: hasExited,
    kill: () => void process.kill('SIGKILL'),
    async stop() {
      if (hasExited()) return
      if (process.connected) process.send(STOP_MESSAGE, () => undefined)
      else process.kill('SIGTERM')
      const late = setTimeout(() => process.kill('SIGKILL'), STOP_TIMEOUT_MS)
      await exited
      clearTimeout(late)
    },
  }
}

function reported(error: { code: string; message: string; remedy: string }): CocoonError {
  const kind = error.code === 'PORT_TAKEN' ? 'config' : 'unavailable'
  return new CocoonError(kind, error.code, error.message, { remedy: error.remedy })
}

function childExited(name: string, logFile: string): UnavailableError {
  return new UnavailableError('CHILD_EXITED', `${name} ended before it was ready`, {
    remedy: `Read its log: ${logFile}`,
  })
}

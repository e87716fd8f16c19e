/** A child process as the testnet sees it. */
import { type ChildProcess, fork } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { CocoonError, UnavailableError } from '#protocol/errors.ts'
import { STOP_TIMEOUT_MS } from './constants.ts'
import {
  type ChildFailure,
  type ChildMessage,
  childMessageSchema,
  STOP_MESSAGE,
} from './messages.ts'

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
  const forked = forkChild(options)
  const exited = new Promise<void>((resolve) => {
    forked.once('exit', (code, signal) => {
      resolve()
      options.onExit({ code, signal })
    })
  })
  const child = handle(options.name, forked, exited)
  try {
    return { child, ready: await firstWord(options, forked) }
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

function firstWord(options: ChildOptions, forked: ChildProcess): Promise<ChildMessage> {
  const { name, readyTimeoutMs, logFile, onMessage } = options
  const { promise, resolve, reject } = Promise.withResolvers<ChildMessage>()
  const late = setTimeout(() => {
    reject(new UnavailableError('CHILD_SLOW', `${name} was not ready in ${readyTimeoutMs} ms`))
  }, readyTimeoutMs)
  forked.on('message', (raw) => {
    const parsed = childMessageSchema.safeParse(raw)
    if (!parsed.success) return
    const message = parsed.data
    if (message.kind === 'failed') reject(reported(message.error))
    else if (message.kind === 'event') onMessage(message)
    else resolve(message)
  })
  forked.once('exit', () => reject(childExited(name, logFile)))
  forked.once('error', reject)
  return promise.finally(() => clearTimeout(late))
}

function handle(name: string, forked: ChildProcess, exited: Promise<void>): Child {
  const hasExited = () => forked.exitCode !== null || forked.signalCode !== null
  return {
    name,
    pid: forked.pid ?? 0,
    kill: () => void forked.kill('SIGKILL'),
    async stop() {
      if (hasExited()) return
      if (forked.connected) forked.send(STOP_MESSAGE, () => undefined)
      else forked.kill('SIGTERM')
      const late = setTimeout(() => forked.kill('SIGKILL'), STOP_TIMEOUT_MS)
      await exited
      clearTimeout(late)
    },
  }
}

function reported({ kind, code, message, remedy }: ChildFailure): CocoonError {
  return new CocoonError(kind, code, message, { remedy })
}

function childExited(name: string, logFile: string): UnavailableError {
  return new UnavailableError('CHILD_EXITED', `${name} ended before it was ready`, {
    remedy: `Read its log: ${logFile}`,
  })
}

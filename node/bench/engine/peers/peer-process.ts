/** A peer runs in a process of its own, as it would for its users, and so that it can be ended. */
import { type ChildProcess, fork } from 'node:child_process'
import path from 'node:path'
import type { DecodeTask, PrefillTask, Subject } from '../subject.ts'
import { PeerReply } from './peer-messages.ts'

const PRINTED_CHARS_MAX = 1_024

export class PeerProcess implements Subject {
  readonly #child: ChildProcess
  readonly #waiting = new Map<
    number,
    { resolve: (value: number) => void; reject: (error: Error) => void }
  >()
  #calls = 0
  /** What it printed last, for the error when it ends. */
  #printed = ''
  #ended: Error | undefined

  /** `module` is a file of this folder; resolves when it is ready to be called. */
  static async start(module: string, args: readonly string[]): Promise<PeerProcess> {
    const child = fork(path.join(import.meta.dirname, module), args, {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    const peer = new PeerProcess(child)
    await new Promise<number>((resolve, reject) => peer.#waiting.set(0, { resolve, reject }))
    return peer
  }

  private constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', (raw) => {
      const reply = PeerReply.parse(raw)
      const call = this.#waiting.get(reply.id)
      this.#waiting.delete(reply.id)
      if ('error' in reply) call?.reject(new Error(reply.error))
      else if (reply.result === null) call?.reject(new Error('the peer measured nothing'))
      else call?.resolve(reply.result)
    })
    child.stderr?.setEncoding('utf8').on('data', (text) => {
      this.#printed = (this.#printed + text).slice(-PRINTED_CHARS_MAX)
    })
    child.on('exit', (code, signal) => {
      this.#ended = new Error(`the peer ended (${signal ?? code}): ${this.#printed}`)
      for (const { reject } of this.#waiting.values()) reject(this.#ended)
      this.#waiting.clear()
    })
  }

  stepMs(task: DecodeTask): Promise<number> {
    return this.call('stepMs', task)
  }

  prefillMs(task: PrefillTask): Promise<number> {
    return this.call('prefillMs', task)
  }

  call(method: string, argument: unknown): Promise<number> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    const id = ++this.#calls
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#child.send({ id, method, argument }, (error) => {
        if (error !== null) reject(error)
      })
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()))
    this.#child.kill('SIGKILL')
    await exited
  }
}

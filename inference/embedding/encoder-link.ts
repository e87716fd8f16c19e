/** One embedding process and the vectors that are waited for. */
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type CocoonError, ConfigError, UnavailableError } from '#protocol/errors.ts'
import { crashed, loadFailed, spawnEngineProcess } from '../onnx/process/child-link.ts'
import { type EncoderLoad, type EncoderReady, FromEncoder } from './messages.ts'

const CHILD = fileURLToPath(new URL('./encoder-child.ts', import.meta.url))

interface Waiting {
  resolve(vector: Float32Array): void
  reject(error: CocoonError): void
}

export class EncoderLink {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  readonly #gone: Promise<void>
  /** Called once when the process ends. */
  onLost: () => void = () => {}
  #nextId = 1
  #isGone = false

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#gone = new Promise((resolve) => child.once('exit', () => resolve()))
    child.once('error', () => this.#lost())
    child.once('exit', () => this.#lost())
  }

  /** @throws ConfigError what the model was refused for, or MODEL_LOAD_FAILED */
  static async start(load: EncoderLoad): Promise<{ link: EncoderLink; ready: EncoderReady }> {
    const child = spawnEngineProcess(CHILD)
    const link = new EncoderLink(child)
    try {
      const ready = await link.#handshake(load)
      child.on('message', (raw) => link.#receive(raw))
      return { link, ready }
    } catch (thrown) {
      await link.close()
      throw thrown
    }
  }

  get isGone(): boolean {
    return this.#isGone
  }

  get processId(): number | undefined {
    return this.#isGone ? undefined : this.#child.pid
  }

  /** @throws UnavailableError ENGINE_CRASHED and what the model fails with */
  embed(ids: readonly number[]): Promise<Float32Array> {
    if (this.#isGone) return Promise.reject(crashed())
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#child.send({ kind: 'embed', id, ids: [...ids] }, () => {})
    })
  }

  async close(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#gone
  }

  #handshake(load: EncoderLoad): Promise<EncoderReady> {
    const child = this.#child
    return new Promise((resolve, reject) => {
      child.once('exit', () => reject(loadFailed()))
      child.once('message', (raw) => {
        const parsed = FromEncoder.safeParse(raw).data
        if (parsed?.kind === 'ready') resolve(parsed)
        else if (parsed?.kind === 'refused') {
          reject(new ConfigError(parsed.code, parsed.message, { remedy: parsed.remedy }))
        } else reject(loadFailed())
      })
      child.send(load, () => {})
    })
  }

  /** A process that speaks nonsense is ended: it reads files of strangers. */
  #receive(raw: unknown): void {
    const message = FromEncoder.safeParse(raw).data
    if (message?.kind !== 'vector' && message?.kind !== 'failed') {
      this.#child.kill('SIGKILL')
      return
    }
    const waiting = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if (message.kind === 'vector') waiting?.resolve(message.vector)
    else {
      const { code, message: text, remedy } = message
      waiting?.reject(new UnavailableError(code, text, { remedy }))
    }
  }

  #lost(): void {
    if (this.#isGone) return
    this.#isGone = true
    this.onLost()
    for (const { reject } of this.#waiting.values()) reject(crashed())
    this.#waiting.clear()
  }
}

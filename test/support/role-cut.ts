/** Cuts the stream between two peers at one message of a session, and keeps what got through. */
import type { MessageStream } from '#protocol/transport.ts'
import type { StreamWrapper } from './role-peers.ts'

export interface Cut {
  /** Messages of the session that were delivered, both directions. */
  passed: number
  /** True once the stream was cut. */
  done: boolean
}

/**
 * The message with this number (from 1, both directions counted together, seen at the provider) is lost and
 * the stream breaks. `onCut` runs at that moment, before either side hears of it.
 */
export function cutAt(message: number, onCut: () => void = () => undefined) {
  const cut: Cut = { passed: 0, done: false }
  const wrap: StreamWrapper = (stream) =>
    cut.done ? stream : new CutStream(stream, message, cut, onCut)
  return { cut, wrap }
}

class CutStream implements MessageStream {
  readonly remote
  readonly #stream: MessageStream
  readonly #message: number
  readonly #cut: Cut
  readonly #onCut: () => void

  constructor(stream: MessageStream, message: number, cut: Cut, onCut: () => void) {
    this.remote = stream.remote
    this.#stream = stream
    this.#message = message
    this.#cut = cut
    this.#onCut = onCut
  }

  async send(bytes: Uint8Array): Promise<void> {
    if (!this.#passes()) return
    await this.#stream.send(bytes)
  }

  async receive(): Promise<Uint8Array | undefined> {
    const bytes = await this.#stream.receive()
    if (bytes === undefined || this.#passes()) return bytes
    return this.#stream.receive()
  }

  close(): Promise<void> {
    return this.#stream.close()
  }

  abort(reason: Error): void {
    this.#stream.abort(reason)
  }

  #passes(): boolean {
    if (this.#cut.done) return false
    if (this.#cut.passed + 1 < this.#message) {
      this.#cut.passed++
      return true
    }
    this.#cut.done = true
    this.#onCut()
    this.#stream.abort(new Error('the connection broke'))
    return false
  }
}

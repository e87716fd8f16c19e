/**
 * MessageStream over one libp2p 3 stream. Reading is pull-based: when the reader falls behind the
 * stream is paused, the other side's window fills and its sends wait.
 */
import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import { type CocoonError, ProtocolError, UnavailableError } from '#protocol/errors.ts'
import type { MessageStream, PeerRef } from '#protocol/transport.ts'
import { RECEIVE_QUEUE_BYTES_MAX, STREAM_CLOSE_TIMEOUT_MS } from './constants.ts'
import { encodeFrame, FrameDecoder } from './frames.ts'

type Waiter = PromiseWithResolvers<Uint8Array | undefined>

export class Libp2pMessageStream implements MessageStream {
  readonly remote: PeerRef
  readonly #stream: Stream
  readonly #decoder = new FrameDecoder()
  #queue: Uint8Array[] = []
  #queuedBytes = 0
  #waiters: Waiter[] = []
  /** The other side said that it ends; a connection that is merely lost never sets this. */
  #isRemoteFinished = false
  #ended = false
  #failure: CocoonError | undefined

  constructor(stream: Stream, remote: PeerRef) {
    this.#stream = stream
    this.remote = remote
    stream.addEventListener('message', (event: StreamMessageEvent) => this.#onData(event))
    stream.addEventListener('remoteCloseWrite', () => {
      this.#isRemoteFinished = true
    })
    stream.addEventListener('end', () => this.#onEnd())
    stream.addEventListener('close', (event: StreamCloseEvent) => this.#onClose(event))
    this.#isRemoteFinished = stream.remoteWriteStatus === 'closed' && stream.status === 'open'
    if (stream.readableEnded) this.#onEnd()
  }

  async send(message: Uint8Array): Promise<void> {
    const frame = encodeFrame(message)
    if (this.#failure !== undefined) throw this.#failure
    try {
      this.#stream.send(frame)
      // Not stream.onDrain(): in @libp2p/utils 7.4.1 its promise stays resolved after the first drain.
      while (this.#stream.writableNeedsDrain) await this.#nextDrain()
    } catch (cause) {
      throw this.#failure ?? reset(cause)
    }
  }

  async receive(): Promise<Uint8Array | undefined> {
    const message = this.#queue.shift()
    if (message !== undefined) {
      this.#queuedBytes -= message.length
      this.#resumeWhenDrained()
      return message
    }
    if (this.#failure !== undefined) throw this.#failure
    if (this.#ended) return undefined
    const waiter: Waiter = Promise.withResolvers()
    this.#waiters.push(waiter)
    return waiter.promise
  }

  async close(): Promise<void> {
    try {
      await this.#stream.close({ signal: AbortSignal.timeout(STREAM_CLOSE_TIMEOUT_MS) })
    } catch (cause) {
      this.#stream.abort(reset(cause))
    }
  }

  abort(reason: Error): void {
    this.#fail(reset(reason))
    this.#stream.abort(reason)
  }

  /**
   * Ends both directions: for when nobody will read any more. Half-open streams count against the
   * protocol's limit, so one that the other side does not end is reset.
   */
  async finish(): Promise<void> {
    await this.close()
    if (this.#stream.status === 'open' || this.#stream.status === 'closing') {
      const timer = setTimeout(
        () => this.#stream.abort(reset('the other side did not end the stream')),
        STREAM_CLOSE_TIMEOUT_MS,
      )
      timer.unref()
      this.#stream.addEventListener('close', () => clearTimeout(timer))
      this.#discardInput()
    }
  }

  async #nextDrain(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const onClose = () => reject(this.#failure ?? reset('closed while sending'))
    this.#stream.addEventListener('drain', () => resolve(), { once: true })
    this.#stream.addEventListener('close', onClose, { once: true })
    if (this.#stream.writeStatus === 'closed') onClose()
    await promise.finally(() => this.#stream.removeEventListener('close', onClose))
  }

  #onData(event: StreamMessageEvent): void {
    let messages: Uint8Array[]
    try {
      messages = this.#decoder.push(event.data.subarray())
    } catch (error) {
      this.#fail(error as CocoonError)
      this.#stream.abort(error as CocoonError)
      return
    }
    for (const message of messages) this.#deliver(message)
    const isBehind = this.#queuedBytes > RECEIVE_QUEUE_BYTES_MAX
    if (isBehind && this.#stream.status === 'open') this.#tryFlow('pause')
  }

  #deliver(message: Uint8Array): void {
    const waiter = this.#waiters.shift()
    if (waiter === undefined) {
      this.#queue.push(message)
      this.#queuedBytes += message.length
    } else {
      waiter.resolve(message)
    }
  }

  #onEnd(): void {
    if (!this.#isRemoteFinished) {
      this.#fail(reset('the connection ended before the stream did'))
    } else if (!this.#decoder.isComplete) {
      this.#fail(new ProtocolError('STREAM_TRUNCATED', 'the stream ended inside a message'))
    } else {
      this.#ended = true
      for (const waiter of this.#waiters.splice(0)) waiter.resolve(undefined)
    }
  }

  #onClose(event: StreamCloseEvent): void {
    if (event.error !== undefined) this.#fail(reset(event.error))
    else if (!this.#ended && this.#stream.readBufferLength === 0) this.#onEnd()
  }

  #fail(error: CocoonError): void {
    if (this.#ended) return
    this.#failure ??= error
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#failure)
  }

  #resumeWhenDrained(): void {
    if (this.#queuedBytes <= RECEIVE_QUEUE_BYTES_MAX / 2) this.#tryFlow('resume')
  }

  #discardInput(): void {
    this.#queue = []
    this.#queuedBytes = 0
    this.#tryFlow('resume')
  }

  /** libp2p throws when a stream that just closed is paused or resumed: then there is no flow left. */
  #tryFlow(action: 'pause' | 'resume'): void {
    try {
      this.#stream[action]()
    } catch {
      // Already closing: what is queued stays readable.
    }
  }
}

function reset(cause: unknown): UnavailableError {
  return new UnavailableError('STREAM_RESET', 'the stream to the peer broke', { cause })
}

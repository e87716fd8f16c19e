/**
 * One session's sealed link: frames of many requests over one stream. Sealing and sending happen
 * under one mutex, so that sequence numbers leave in order; opening happens in the order of arrival.
 */
import { Mutex } from '#node/async.ts'
import { equal, toHex } from '#protocol/bytes.ts'
import { ProtocolError } from '#protocol/errors.ts'
import { decodeSessionMessage, encodeSessionMessage } from '#protocol/session/frames.ts'
import type { SealDirection, SealedStream, SealSecrets } from '#protocol/session/seal.ts'
import type { MessageStream } from '#protocol/transport.ts'
import { FrameType } from '#protocol/wire/gen/cocoon_pb.ts'

/** The control stream's request id: 16 zero bytes. */
export const CONTROL_REQUEST_ID = new Uint8Array(16)

export interface OpenedFrame {
  readonly requestId: Uint8Array
  readonly control: boolean
  readonly final: boolean
  readonly content: Uint8Array
}

export class SealedLink {
  readonly #stream: MessageStream
  readonly #secrets: SealSecrets
  readonly #outgoing: SealDirection
  readonly #incoming: SealDirection
  readonly #sealing = new Map<string, SealedStream>()
  readonly #opening = new Map<string, SealedStream>()
  readonly #sendOrder = new Mutex()

  constructor(stream: MessageStream, secrets: SealSecrets, side: 'client' | 'provider') {
    this.#stream = stream
    this.#secrets = secrets
    this.#outgoing = side === 'client' ? 'client-to-provider' : 'provider-to-client'
    this.#incoming = side === 'client' ? 'provider-to-client' : 'client-to-provider'
  }

  /** Seals and sends; resolves with backpressure. `final` ends this request id's direction. */
  send(requestId: Uint8Array, content: Uint8Array, final = false): Promise<void> {
    return this.#sendOrder.run(async () => {
      const type = frameType(requestId)
      const sealed = this.#streamFor(this.#sealing, requestId, this.#outgoing)
      const { sequence, ciphertext } = await sealed.seal(type, final, content)
      if (final) this.#end(this.#sealing, this.#opening, requestId)
      const frame = { requestId, sequence, type, final, ciphertext }
      await this.#stream.send(encodeSessionMessage({ kind: 'frame', frame }))
    })
  }

  /**
   * The next frame, or undefined when the other side ended the stream.
   * @throws ProtocolError on anything that is not a frame of this session in its order
   */
  async receive(): Promise<OpenedFrame | undefined> {
    const bytes = await this.#stream.receive()
    if (bytes === undefined) return undefined
    const message = decodeSessionMessage(bytes)
    if (message.kind !== 'frame') {
      throw new ProtocolError('SESSION_OUT_OF_ORDER', `a ${message.kind} inside a sealed session`)
    }
    const { requestId, sequence, type, final, ciphertext } = message.frame
    if (type !== frameType(requestId)) {
      throw new ProtocolError('FRAME_MALFORMED', 'the frame type does not fit its request id')
    }
    const sealed = this.#streamFor(this.#opening, requestId, this.#incoming)
    const content = await sealed.open(sequence, type, final, ciphertext)
    if (final) this.#end(this.#opening, this.#sealing, requestId)
    return { requestId, control: isControl(requestId), final, content }
  }

  async close(): Promise<void> {
    await this.#sendOrder.run(() => this.#stream.close())
  }

  abort(reason: Error): void {
    this.#stream.abort(reason)
  }

  /**
   * A direction that ended is dropped with its key; the secrets remember its id and never make it again.
   * The other one has at most its own end to say: a peer that never says it does not cost a key for it.
   */
  #end(
    ended: Map<string, SealedStream>,
    other: ReadonlyMap<string, SealedStream>,
    requestId: Uint8Array,
  ): void {
    const id = toHex(requestId)
    ended.delete(id)
    other.get(id)?.rest()
  }

  #streamFor(
    table: Map<string, SealedStream>,
    requestId: Uint8Array,
    direction: SealDirection,
  ): SealedStream {
    const id = toHex(requestId)
    const known = table.get(id)
    if (known !== undefined) return known
    const made = this.#secrets.stream(requestId, direction)
    table.set(id, made)
    return made
  }
}

function isControl(requestId: Uint8Array): boolean {
  return equal(requestId, CONTROL_REQUEST_ID)
}

function frameType(requestId: Uint8Array): FrameType {
  return isControl(requestId) ? FrameType.CONTROL : FrameType.REQUEST
}

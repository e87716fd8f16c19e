/**
 * A lying provider at the level of messages: stands between the real provider and its stream, holds
 * the real sealing key, and changes what is said inside and outside of the seal. It also counts what
 * the client said, so that tests can assert that nothing private ever left it.
 */
import { AEAD_AES_256_GCM, CipherSuite, KDF_HKDF_SHA256, KEM_MLKEM768_X25519 } from 'hpke'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { decodeClientContent } from '#protocol/session/client-content.ts'
import {
  type ClientHello,
  decodeSessionMessage,
  encodeSessionMessage,
  type ProviderHello,
  type SessionFrame,
} from '#protocol/session/frames.ts'
import {
  decodeProviderContent,
  encodeProviderContent,
  type ProviderContent,
} from '#protocol/session/provider-content.ts'
import { sealInfo } from '#protocol/session/seal.ts'
import {
  createSealSecrets,
  type SealDirection,
  type SealedStream,
  type SealSecrets,
} from '#protocol/session/sealed-stream.ts'
import type { MessageStream } from '#protocol/transport.ts'
import { FrameType } from '#protocol/wire/gen/cocoon_pb.ts'
import type { StreamWrapper, TestProvider } from './role-peers.ts'

const SUITE = new CipherSuite(KEM_MLKEM768_X25519, KDF_HKDF_SHA256, AEAD_AES_256_GCM)

/** What a lie says instead of one sealed message: contents, or bytes that are no content. */
export type Said = ProviderContent | Uint8Array

/** `stall`: says nothing more, ever. `hang-up`: breaks the stream. */
export type Told<T> = readonly T[] | 'stall' | 'hang-up'

export interface Lie {
  readonly hello?: (
    hello: ProviderHello,
    client: ClientHello,
    provider: TestProvider,
  ) => Promise<ProviderHello> | ProviderHello
  /** Replaces one sealed content; an empty list leaves it out. */
  readonly content?: (
    content: ProviderContent,
    provider: TestProvider,
  ) => Told<Said> | Promise<Told<Said>>
  /** Sealed frames on their way out, after `content`. */
  readonly frame?: (frame: SessionFrame) => readonly SessionFrame[]
  /** Any encoded message on its way out, last. */
  readonly message?: (bytes: Uint8Array, kind: string) => Told<Uint8Array>
}

/** What a client said to a lying provider. */
export interface Heard {
  asks: number
  allocations: number
  vouchers: number
}

export interface LyingProvider {
  readonly wrap: StreamWrapper
  readonly heard: Heard
}

export function lying(lie: Lie): LyingProvider {
  const heard: Heard = { asks: 0, allocations: 0, vouchers: 0 }
  return { heard, wrap: (stream, provider) => new LyingStream(stream, provider, lie, heard) }
}

class LyingStream implements MessageStream {
  readonly remote
  readonly #stream: MessageStream
  readonly #provider: TestProvider
  readonly #lie: Lie
  readonly #heard: Heard
  readonly #streams = new Map<string, SealedStream>()
  #isSilent = false
  #clientHello: ClientHello | undefined
  #hello: ProviderHello | undefined
  /** The real provider's frames are opened as its client would, and sealed again. */
  #asClient: SealSecrets | undefined
  #asProvider: SealSecrets | undefined

  constructor(stream: MessageStream, provider: TestProvider, lie: Lie, heard: Heard) {
    this.remote = stream.remote
    this.#stream = stream
    this.#provider = provider
    this.#lie = lie
    this.#heard = heard
  }

  close(): Promise<void> {
    return this.#stream.close()
  }

  abort(reason: Error): void {
    this.#stream.abort(reason)
  }

  async receive(): Promise<Uint8Array | undefined> {
    const bytes = await this.#stream.receive()
    if (bytes !== undefined) await this.#listen(bytes).catch(() => undefined)
    return bytes
  }

  async send(bytes: Uint8Array): Promise<void> {
    const message = decodeSessionMessage(bytes)
    if (message.kind === 'provider-hello') {
      const { hello } = this.#lie
      const client = this.#clientHello
      this.#hello = message.hello
      if (hello !== undefined && client !== undefined) {
        const told = await hello(message.hello, client, this.#provider)
        this.#hello = told
        return this.#out(encodeSessionMessage({ kind: 'provider-hello', hello: told }), 'hello')
      }
      return this.#out(bytes, 'hello')
    }
    if (message.kind !== 'frame') return this.#out(bytes, message.kind)
    await this.#resend(message.frame)
  }

  async #listen(bytes: Uint8Array): Promise<void> {
    const message = decodeSessionMessage(bytes)
    if (message.kind === 'client-hello') this.#clientHello = message.hello
    if (message.kind === 'seal-open') await this.#openSeal(message.enc)
    if (message.kind !== 'frame' || this.#asProvider === undefined) return
    const { requestId, sequence, type, final, ciphertext } = message.frame
    const opening = this.#streamOf('as-provider', requestId, 'client-to-provider')
    const content = decodeClientContent(await opening.open(sequence, type, final, ciphertext))
    if (content.kind === 'ask') this.#heard.asks++
    if (content.kind !== 'allocate') return
    this.#heard.allocations++
    if (content.allocate.voucher !== undefined) this.#heard.vouchers++
  }

  async #openSeal(enc: Uint8Array): Promise<void> {
    const { sealingKey } = await this.#provider.enclave.epoch()
    if (this.#hello === undefined || this.#clientHello === undefined) return
    const { statement, quote } = this.#hello.evidence
    const { providerChallenge } = this.#hello
    const { clientNonce } = this.#clientHello
    const info = sealInfo(crypto, { statement, quote, clientNonce, providerChallenge })
    const context = await SUITE.SetupRecipient(sealingKey.keyPair, enc, { info })
    const exported = (about: Uint8Array, length: number) => context.Export(about, length)
    this.#asClient = createSealSecrets(exported, 'client')
    this.#asProvider = createSealSecrets(exported, 'provider')
  }

  async #resend(frame: SessionFrame): Promise<void> {
    const { requestId, sequence, type, final, ciphertext } = frame
    const opening = this.#streamOf('as-client', requestId, 'provider-to-client')
    const content = decodeProviderContent(await opening.open(sequence, type, final, ciphertext))
    const said = this.#told((await this.#lie.content?.(content, this.#provider)) ?? [content])
    const sealing = this.#streamOf('as-provider', requestId, 'provider-to-client')
    for (const [at, one] of said.entries()) {
      const bytes = one instanceof Uint8Array ? one : encodeProviderContent(one)
      const isFinal = final && at === said.length - 1
      const sealed = await sealing.seal(type, isFinal, bytes)
      const next: SessionFrame = { requestId, type, final: isFinal, ...sealed }
      for (const told of this.#lie.frame?.(next) ?? [next]) {
        await this.#out(encodeSessionMessage({ kind: 'frame', frame: told }), content.kind)
      }
    }
  }

  async #out(bytes: Uint8Array, kind: string): Promise<void> {
    for (const one of this.#told(this.#lie.message?.(bytes, kind) ?? [bytes])) {
      await this.#stream.send(one)
    }
  }

  #told<T>(told: Told<T>): readonly T[] {
    if (told === 'stall') this.#isSilent = true
    if (told === 'hang-up') this.abort(new Error('the provider hung up'))
    return this.#isSilent || typeof told === 'string' ? [] : told
  }

  #streamOf(
    part: 'as-client' | 'as-provider',
    requestId: Uint8Array,
    direction: SealDirection,
  ): SealedStream {
    const secrets = part === 'as-client' ? this.#asClient : this.#asProvider
    if (secrets === undefined) throw new Error('the seal is not open yet')
    const name = `${part} ${direction} ${toHex(requestId)}`
    const known = this.#streams.get(name)
    if (known !== undefined) return known
    const made = secrets.stream(requestId, direction)
    this.#streams.set(name, made)
    return made
  }
}

/** A frame that stands in the order but holds another request's bytes, or none that make sense. */
export function garbageFrame(requestId: Uint8Array, sequence: number): SessionFrame {
  const isControl = requestId.every((byte) => byte === 0)
  const type = isControl ? FrameType.CONTROL : FrameType.REQUEST
  return { requestId, sequence, type, final: false, ciphertext: new Uint8Array(144).fill(0x5a) }
}

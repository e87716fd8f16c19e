/** A lying client at the level of messages: real seal, real channel, and anything it likes inside. */
import { decodeStatement } from '#attestation/statement.ts'
import type { ClientDesk } from '#node/roles/client/channel-desk.ts'
import { SESSION_PROTOCOL } from '#node/roles/constants.ts'
import { CONTROL_REQUEST_ID, SealedLink } from '#node/roles/shared/sealed-link.ts'
import { encodeAsk } from '#protocol/ask.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import type { Ed25519KeyPair } from '#protocol/crypto/port.ts'
import {
  type Ask,
  type ClientContent,
  encodeClientContent,
  type SessionOpen,
} from '#protocol/session/client-content.ts'
import {
  decodeSessionMessage,
  encodeSessionMessage,
  type ProviderHello,
} from '#protocol/session/frames.ts'
import { decodeProviderContent, type ProviderContent } from '#protocol/session/provider-content.ts'
import { sealInfo, sealOpenSender } from '#protocol/session/seal.ts'
import { PROTOCOL_VERSIONS, transcriptBytes } from '#protocol/session/transcript.ts'
import type { MessageStream } from '#protocol/transport.ts'
import { signCell, voucherCell } from '#settlement/cells.ts'
import type { SignedBytes, Voucher } from '#settlement/types.ts'
import { ROLE_MODEL_ID } from './role-harness.ts'
import type { TestClient, TestProvider } from './role-peers.ts'

export interface AttackOptions {
  /** Changes what the first sealed message says. */
  readonly open?: (open: SessionOpen) => SessionOpen
  /** Signs the transcript instead of the channel's session key. */
  readonly signer?: Ed25519KeyPair
  /** Channel that is signed into the transcript, instead of the desk's. */
  readonly channel?: string
  readonly modelRoot?: Uint8Array
  readonly versions?: readonly number[]
  /** An encapsulation of an earlier session. */
  readonly enc?: Uint8Array
}

/** What came back on one request or on the control stream. */
export interface Answered {
  readonly requestId: Uint8Array
  readonly content: ProviderContent
}

export class Attacker {
  readonly stream: MessageStream
  readonly desk: ClientDesk
  readonly enc: Uint8Array
  readonly #link: SealedLink

  private constructor(stream: MessageStream, desk: ClientDesk, enc: Uint8Array, link: SealedLink) {
    this.stream = stream
    this.desk = desk
    this.enc = enc
    this.#link = link
  }

  /** A raw stream to a provider, nothing said yet. */
  static dial(client: TestClient, provider: TestProvider): Promise<MessageStream> {
    return client.transport.openStream(client.target(provider).peerId, SESSION_PROTOCOL)
  }

  /** Up to the sealed open; `accepted` says what the provider answered to it. */
  static async open(
    client: TestClient,
    provider: TestProvider,
    desk: ClientDesk,
    options: AttackOptions = {},
  ): Promise<Attacker> {
    const stream = await Attacker.dial(client, provider)
    const { hello, clientNonce, versions } = await greet(stream, client, options)
    const { statement, quote } = hello.evidence
    const { providerChallenge } = hello
    const { core } = decodeStatement(statement)
    const info = sealInfo(crypto, { statement, quote, clientNonce, providerChallenge })
    const sealed = await sealOpenSender(core.hpkeSuite, core.hpkeKey, info)
    const enc = options.enc ?? sealed.enc
    await stream.send(encodeSessionMessage({ kind: 'seal-open', enc }))
    const link = new SealedLink(stream, sealed.secrets, 'client')
    const transcript = transcriptBytes({
      ...{ crypto, clientVersions: versions, providerVersions: hello.versions },
      ...{ version: hello.version, statement, quote, clientNonce, providerChallenge },
      channel: options.channel ?? desk.address,
      clientPeerId: client.transport.self.peerId,
      providerPeerId: stream.remote.peerId,
    })
    const signer = options.signer ?? desk.sessionKey
    const transcriptSignature = crypto.ed25519Sign(signer, transcript)
    const open = { ...desk.opening(), transcriptSignature }
    const attacker = new Attacker(stream, desk, enc, link)
    await attacker.send(CONTROL_REQUEST_ID, { kind: 'open', open: options.open?.(open) ?? open })
    return attacker
  }

  send(requestId: Uint8Array, content: ClientContent | Uint8Array): Promise<void> {
    const bytes = content instanceof Uint8Array ? content : encodeClientContent(content)
    return this.#link.send(requestId, bytes)
  }

  /** The next thing that the provider says; throws when the stream broke or ended. */
  async next(): Promise<Answered> {
    const frame = await this.#link.receive()
    if (frame === undefined) throw new Error('the provider ended the stream')
    return { requestId: frame.requestId, content: decodeProviderContent(frame.content) }
  }

  /** Reads until a refusal comes and returns its code; what came before is in `said`. */
  async refusal(said: ProviderContent[] = []): Promise<string> {
    for (;;) {
      const { content } = await this.next()
      if (content.kind === 'refusal') return content.refusal.code
      said.push(content)
    }
  }

  async accepted(): Promise<void> {
    const { content } = await this.next()
    if (content.kind !== 'accept') throw new Error(`${content.kind} instead of an acceptance`)
  }

  voucher(change: Partial<Voucher>, signer = this.desk.sessionKey): SignedBytes {
    const { best, address } = this.desk.state
    const { amountNano, leafCount, receiptsRoot } = best
    const voucher = { channel: address, amountNano, leafCount, receiptsRoot, ...change }
    return signCell(crypto, signer, voucherCell(voucher))
  }

  allocate(requestId: Uint8Array, allocatedNano: bigint, voucher?: SignedBytes): Promise<void> {
    return this.send(requestId, {
      kind: 'allocate',
      allocate: { requestId, allocatedNano, voucher },
    })
  }

  abort(): void {
    this.stream.abort(new Error('the client is gone'))
  }
}

async function greet(stream: MessageStream, client: TestClient, options: AttackOptions) {
  const clientNonce = crypto.randomBytes(32)
  const versions = options.versions ?? PROTOCOL_VERSIONS
  const modelRoot = options.modelRoot ?? client.network.modelRoot
  const hello = { versions, clientNonce, modelRoot, mode: 'challenge' as const }
  await stream.send(encodeSessionMessage({ kind: 'client-hello', hello }))
  return { hello: await providerHello(stream), clientNonce, versions }
}

async function providerHello(stream: MessageStream): Promise<ProviderHello> {
  const bytes = await stream.receive()
  const message = bytes === undefined ? undefined : decodeSessionMessage(bytes)
  if (message?.kind === 'provider-hello') return message.hello
  if (message?.kind === 'refusal') throw new RefusedError(message.refusal.code)
  throw new Error('no hello came')
}

/** The provider refused before the seal. */
class RefusedError extends Error {
  readonly code: string
  constructor(code: string) {
    super(code)
    this.code = code
  }
}

/** An ask that counts its prompt as the provider does. */
export function askOf(provider: TestProvider, change: Partial<Ask> = {}): Ask {
  const messages = [{ role: 'user' as const, content: 'hello the world' }]
  const body = encodeAsk({
    ...{ modelId: ROLE_MODEL_ID, messages, maxTokens: 40, temperature: 0, topP: 1, seed: 1n },
    stop: [],
  })
  return {
    body,
    requestSalt: crypto.randomBytes(32),
    responseSalt: crypto.randomBytes(32),
    promptTokens: provider.engine.tokenizer.encodeChat(messages).length,
    resumeTokenIds: [],
    previous: new Uint8Array(0),
    ...change,
  }
}

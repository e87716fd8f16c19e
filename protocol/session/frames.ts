/** Messages of the session stream (/cocoon/session/1), before and around the seal. */
import type { MessageInitShape } from '@bufbuild/protobuf'
import { decodeMessage, encodeMessage } from '../codec.ts'
import {
  REFUSAL_CHARACTERS_MAX,
  SEAL_BUCKETS_BYTES,
  SESSION_MESSAGE_BYTES_MAX,
  VERSIONS_MAX,
} from '../constants.ts'
import { ProtocolError } from '../errors.ts'
import {
  type Evidence,
  evidenceFromWire,
  evidenceToWire,
  type FreshnessMode,
  freshnessFromWire,
  freshnessToWire,
} from '../evidence.ts'
import {
  FrameType,
  SessionMessageSchema,
  type Frame as WireFrame,
  type SessionMessage as WireSessionMessage,
} from '../wire/gen/cocoon_pb.ts'

export interface ClientHello {
  /** Highest first. */
  readonly versions: readonly number[]
  /** 32 bytes. */
  readonly clientNonce: Uint8Array
  /** 32 bytes. */
  readonly modelRoot: Uint8Array
  readonly mode: FreshnessMode
}

export interface ProviderHello {
  readonly versions: readonly number[]
  readonly version: number
  /** 32 bytes. */
  readonly providerChallenge: Uint8Array
  readonly evidence: Evidence
}

export interface SessionFrame {
  /** 16 bytes; zeros: the control stream. */
  readonly requestId: Uint8Array
  readonly sequence: number
  readonly type: FrameType
  readonly final: boolean
  readonly ciphertext: Uint8Array
}

/** A typed refusal; nothing private is in it. */
export interface Refusal {
  readonly code: string
  readonly message: string
  readonly remedy: string
}

export type SessionMessage =
  | { readonly kind: 'client-hello'; readonly hello: ClientHello }
  | { readonly kind: 'provider-hello'; readonly hello: ProviderHello }
  | { readonly kind: 'seal-open'; readonly enc: Uint8Array }
  | { readonly kind: 'frame'; readonly frame: SessionFrame }
  | { readonly kind: 'refusal'; readonly refusal: Refusal }

const CIPHERTEXT_BYTES_MAX = Math.max(...SEAL_BUCKETS_BYTES) + 16
/** ML-KEM-768 ciphertext and X25519 share. */
const ENC_BYTES_MAX = 1_120
const CODE_PATTERN = /^[A-Z][A-Z0-9_]{2,63}$/

function malformed(detail: string): ProtocolError {
  return new ProtocolError('FRAME_MALFORMED', `a message cannot be read: ${detail}`)
}

function require(condition: boolean, detail: string): void {
  if (!condition) throw malformed(detail)
}

/** @throws ProtocolError FRAME_MALFORMED, EVIDENCE_MALFORMED */
export function decodeSessionMessage(bytes: Uint8Array): SessionMessage {
  const { kind } = decodeMessage(SessionMessageSchema, bytes, SESSION_MESSAGE_BYTES_MAX)
  switch (kind.case) {
    case 'clientHello':
      return { kind: 'client-hello', hello: clientHelloFromWire(kind.value) }
    case 'providerHello':
      return { kind: 'provider-hello', hello: providerHelloFromWire(kind.value) }
    case 'sealOpen':
      require(kind.value.enc.length <= ENC_BYTES_MAX, 'an encapsulation is too long')
      return { kind: 'seal-open', enc: kind.value.enc }
    case 'frame':
      return { kind: 'frame', frame: frameFromWire(kind.value) }
    case 'refusal':
      return { kind: 'refusal', refusal: refusalFromWire(kind.value) }
    default:
      throw malformed('it is empty')
  }
}

/** @throws ProtocolError FRAME_MALFORMED when it would be refused by every reader */
export function encodeSessionMessage(message: SessionMessage): Uint8Array {
  const bytes = encodeMessage(SessionMessageSchema, { kind: toWire(message) })
  require(bytes.length <= SESSION_MESSAGE_BYTES_MAX, 'it is too long to send')
  return bytes
}

function toWire(message: SessionMessage): WireKind {
  switch (message.kind) {
    case 'client-hello': {
      const { versions, clientNonce, modelRoot, mode } = message.hello
      const value = { versions: [...versions], clientNonce, modelRoot, mode: freshnessToWire(mode) }
      return { case: 'clientHello', value }
    }
    case 'provider-hello': {
      const { versions, version, providerChallenge, evidence } = message.hello
      const wireEvidence = evidenceToWire(evidence)
      const value = {
        versions: [...versions],
        version,
        providerChallenge,
        evidence: wireEvidence,
      }
      return { case: 'providerHello', value }
    }
    case 'seal-open':
      return { case: 'sealOpen', value: { enc: message.enc } }
    case 'frame':
      return { case: 'frame', value: message.frame }
    case 'refusal':
      return { case: 'refusal', value: message.refusal }
  }
}

type WireKind = NonNullable<MessageInitShape<typeof SessionMessageSchema>['kind']>
type WireOf<Case extends string> = Extract<WireSessionMessage['kind'], { case: Case }>['value']

function checkVersions(versions: readonly number[]): void {
  require(versions.length >= 1 && versions.length <= VERSIONS_MAX, '1 to 8 versions are offered')
}

function clientHelloFromWire(wire: WireOf<'clientHello'>): ClientHello {
  const { versions, clientNonce, modelRoot } = wire
  checkVersions(versions)
  require(clientNonce.length === 32 && modelRoot.length === 32, 'nonce and root are 32 bytes')
  return { versions, clientNonce, modelRoot, mode: freshnessFromWire(wire.mode) }
}

function providerHelloFromWire(wire: WireOf<'providerHello'>): ProviderHello {
  const { versions, version, providerChallenge, evidence } = wire
  checkVersions(versions)
  require(providerChallenge.length === 32, 'a challenge is 32 bytes')
  if (evidence === undefined) throw malformed('a hello without evidence')
  return { versions, version, providerChallenge, evidence: evidenceFromWire(evidence) }
}

function frameFromWire(wire: WireFrame): SessionFrame {
  const { requestId, sequence, type, final, ciphertext } = wire
  require(requestId.length === 16, 'a request id is 16 bytes')
  require(ciphertext.length <= CIPHERTEXT_BYTES_MAX, 'a frame is too long')
  const isControl = requestId.every((byte) => byte === 0)
  require(type === (isControl ? FrameType.CONTROL : FrameType.REQUEST), 'type and id disagree')
  return { requestId, sequence, type, final, ciphertext }
}

/**
 * A refusal from outside may be shown to a person: bounded, and without control characters.
 * @throws ProtocolError FRAME_MALFORMED
 */
export function refusalFromWire(wire: Refusal): Refusal {
  const { code, message, remedy } = wire
  require(CODE_PATTERN.test(code), 'a refusal without a code')
  require(isPlainText(message) && isPlainText(remedy), 'a refusal that cannot be shown')
  return { code, message, remedy }
}

function isPlainText(text: string): boolean {
  return text.length <= REFUSAL_CHARACTERS_MAX && !/\p{Cc}/u.test(text)
}

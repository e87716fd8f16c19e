/**
 * Frames of one (request id, direction): AES-256-GCM under its own exported key, the sequence as the
 * nonce, strict order, an authenticated end. A stream that refused one frame refuses all later ones.
 */
import type { CryptoKey } from 'hpke'
import { tagged, toHex, u32be } from '../bytes.ts'
import { SEAL_FRAMES_MAX, SESSION_REQUEST_IDS_MAX } from '../constants.ts'
import { ProtocolError } from '../errors.ts'
import type { FrameType } from '../wire/gen/cocoon_pb.ts'
import { isBucket, pad, unpad } from './padding.ts'

export type SealSide = 'client' | 'provider'
export type SealDirection = 'client-to-provider' | 'provider-to-client'

/** Exports `lengthBytes` of secret for a context (RFC 9180, 5.3). */
export type ExportSecret = (context: Uint8Array, lengthBytes: number) => Promise<Uint8Array>

export interface SealedFrame {
  /** From 0, the only legal order. */
  readonly sequence: number
  readonly ciphertext: Uint8Array
}

export interface SealedStream {
  /**
   * The sequence is taken when this is called, so calls must be sent in the order they were made.
   * @throws ProtocolError SEAL_DIRECTION, SEAL_ENDED, SEAL_EXHAUSTED, SEAL_TOO_LARGE
   */
  seal(type: FrameType, final: boolean, plaintext: Uint8Array): Promise<SealedFrame>
  /**
   * @throws ProtocolError SEAL_DIRECTION, SEAL_ENDED, SEAL_EXHAUSTED, SEAL_SEQUENCE, SEAL_SIZE,
   * SEAL_TAMPERED, SEAL_PADDING
   */
  open(
    sequence: number,
    type: FrameType,
    final: boolean,
    ciphertext: Uint8Array,
  ): Promise<Uint8Array>
  /** Little more is expected: forgets the key, keeps the place. A later frame makes the key again. */
  rest(): void
}

/** What both sides hold after the exchange. */
export interface SealSecrets {
  /**
   * The one stream of this id and direction: seals in the own direction, opens in the other.
   * @throws ProtocolError SEAL_ID_REUSED, SEAL_ID_LENGTH, SEAL_EXHAUSTED
   */
  stream(requestId: Uint8Array, direction: SealDirection): SealedStream
}

const TAG_BYTES = 16
const KEY_BYTES = 32
const REQUEST_ID_BYTES = 16
const DIRECTION_BYTE: Record<SealDirection, number> = {
  'client-to-provider': 0,
  'provider-to-client': 1,
}
const OWN_DIRECTION: Record<SealSide, SealDirection> = {
  client: 'client-to-provider',
  provider: 'provider-to-client',
}

interface StreamName {
  readonly requestId: Uint8Array
  readonly direction: SealDirection
}

/** One set of secrets per session and side; ids are used once in each direction. */
export function createSealSecrets(exportSecret: ExportSecret, side: SealSide): SealSecrets {
  const used: Readonly<Record<SealDirection, Set<string>>> = {
    'client-to-provider': new Set(),
    'provider-to-client': new Set(),
  }
  return {
    stream(requestId, direction) {
      if (requestId.length !== REQUEST_ID_BYTES) {
        throw new ProtocolError('SEAL_ID_LENGTH', 'a request id is 16 bytes')
      }
      const name = toHex(requestId)
      const ofDirection = used[direction]
      if (ofDirection.has(name)) {
        throw new ProtocolError('SEAL_ID_REUSED', 'a request id is used once in a session')
      }
      const size = used['client-to-provider'].size + used['provider-to-client'].size
      if (size >= 2 * SESSION_REQUEST_IDS_MAX) throw exhausted()
      ofDirection.add(name)
      return createStream(exportSecret, { requestId: owned(requestId), direction }, side)
    },
  }
}

function createStream(exportSecret: ExportSecret, name: StreamName, side: SealSide): SealedStream {
  const seals = name.direction === OWN_DIRECTION[side]
  let key: Promise<CryptoKey> | undefined
  let next = 0
  let ended = false

  /** Everything that decides legality happens before the first await: concurrent calls are safe. */
  function advance(sealing: boolean, final: boolean): number {
    if (sealing !== seals) {
      throw new ProtocolError('SEAL_DIRECTION', 'a key seals on one side and opens on the other')
    }
    if (ended) throw new ProtocolError('SEAL_ENDED', 'a frame after the end of its stream')
    if (next >= SEAL_FRAMES_MAX) throw exhausted()
    ended = final
    key ??= streamKey(exportSecret, name, sealing ? 'encrypt' : 'decrypt')
    return next++
  }

  return {
    async seal(type, final, plaintext) {
      const padded = pad(plaintext)
      const sequence = advance(true, final)
      const parameters = gcmParameters(name, sequence, type, final)
      const sealed = await subtle().encrypt(parameters, await streamKeyOf(key), owned(padded))
      return { sequence, ciphertext: new Uint8Array(sealed) }
    },
    async open(sequence, type, final, ciphertext) {
      const expected = advance(false, final)
      try {
        if (sequence !== expected) {
          throw new ProtocolError('SEAL_SEQUENCE', 'a sealed frame is missing, doubled or moved')
        }
        if (!isBucket(ciphertext.length - TAG_BYTES)) {
          throw new ProtocolError('SEAL_SIZE', 'a sealed frame has a size that no peer sends')
        }
        const parameters = gcmParameters(name, sequence, type, final)
        return unpad(await decrypt(await streamKeyOf(key), parameters, ciphertext))
      } catch (refused) {
        ended = true
        throw refused
      }
    },
    rest() {
      key = undefined
    },
  }
}

function exhausted(): ProtocolError {
  return new ProtocolError('SEAL_EXHAUSTED', 'this session has sealed all it may seal', {
    remedy: 'Open a new session.',
  })
}

function subtle(): typeof globalThis.crypto.subtle {
  return globalThis.crypto.subtle
}

/** WebCrypto's types want bytes that are not shared memory; copying is how to be sure. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}

async function streamKey(
  exportSecret: ExportSecret,
  { requestId, direction }: StreamName,
  usage: 'encrypt' | 'decrypt',
): Promise<CryptoKey> {
  const context = tagged('cocoon/frame-key/1', requestId, Uint8Array.of(DIRECTION_BYTE[direction]))
  const secret = await exportSecret(context, KEY_BYTES)
  return subtle().importKey('raw', owned(secret), 'AES-GCM', false, [usage])
}

function streamKeyOf(key: Promise<CryptoKey> | undefined): Promise<CryptoKey> {
  if (key === undefined) throw new Error('the stream has no key yet')
  return key
}

function gcmParameters(name: StreamName, sequence: number, type: FrameType, final: boolean) {
  const iv = new Uint8Array(12)
  iv.set(u32be(sequence), 8)
  const additionalData = tagged(
    'cocoon/frame/1',
    name.requestId,
    Uint8Array.of(DIRECTION_BYTE[name.direction]),
    u32be(sequence),
    u32be(type),
    Uint8Array.of(final ? 1 : 0),
  )
  return { name: 'AES-GCM', iv, additionalData: owned(additionalData), tagLength: 8 * TAG_BYTES }
}

type GcmParameters = ReturnType<typeof gcmParameters>

async function decrypt(key: CryptoKey, parameters: GcmParameters, ciphertext: Uint8Array) {
  try {
    return new Uint8Array(await subtle().decrypt(parameters, key, owned(ciphertext)))
  } catch {
    throw new ProtocolError('SEAL_TAMPERED', 'a sealed frame was changed on its way')
  }
}

/**
 * The sealed session (docs/spec/session.md): one HPKE exchange in base mode (RFC 9180) to the key
 * inside the attested statement; from its exporter one AES-256-GCM key per request id and direction,
 * so that concurrent streams never share a counter. Runs on WebCrypto, in Node and in browsers.
 */
import type { KeyPair } from 'hpke'
import { toHex } from '../bytes.ts'
import { SEAL_REPLAY_ENTRIES_MAX } from '../constants.ts'
import type { CryptoPort } from '../crypto/port.ts'
import { digest } from '../digest.ts'
import { ProtocolError, UnavailableError } from '../errors.ts'
import { hpkeSuite, SEAL_SUITES, type SealSuite } from './hpke-suites.ts'
import { createSealSecrets, type SealSecrets } from './sealed-stream.ts'

export { DEFAULT_SEAL_SUITE, SEAL_SUITES, type SealSuite } from './hpke-suites.ts'
export type { SealDirection, SealedStream, SealSecrets } from './sealed-stream.ts'

/** Lives in the memory of the TEE only; the private part cannot be exported. */
export interface SealingKey {
  readonly suite: SealSuite
  /** As it stands in the statement. */
  readonly publicKey: Uint8Array
  readonly keyPair: KeyPair
}

/** @throws ProtocolError SEAL_SUITE_UNKNOWN */
export function parseSealSuite(name: string): SealSuite {
  const suite = SEAL_SUITES.find((known) => known === name)
  if (suite === undefined) {
    throw new ProtocolError('SEAL_SUITE_UNKNOWN', 'the statement names a suite unknown here')
  }
  return suite
}

export interface SealContext {
  /** Exact bytes of the statement S. */
  readonly statement: Uint8Array
  readonly quote: Uint8Array
  readonly clientNonce: Uint8Array
  readonly providerChallenge: Uint8Array
}

/** HPKE `info`: binds the seal to the evidence that was checked and to both nonces. */
export function sealInfo(crypto: CryptoPort, context: SealContext): Uint8Array {
  const { statement, quote, clientNonce, providerChallenge } = context
  return digest(crypto, 'cocoon/seal/1', statement, quote, clientNonce, providerChallenge)
}

export async function generateSealingKey(suite: SealSuite): Promise<SealingKey> {
  const hpke = await hpkeSuite(suite)
  const keyPair = await hpke.GenerateKeyPair(false)
  const publicKey = await hpke.SerializePublicKey(keyPair.publicKey)
  return { suite, publicKey, keyPair }
}

/**
 * The client's side of the exchange.
 * @throws ProtocolError SEAL_KEY_INVALID when the attested key is no key of its suite
 */
export async function sealOpenSender(
  suite: SealSuite,
  publicKey: Uint8Array,
  info: Uint8Array,
): Promise<{ readonly enc: Uint8Array; readonly secrets: SealSecrets }> {
  const hpke = await hpkeSuite(suite)
  if (publicKey.length !== hpke.KEM.Npk) throw invalidKey()
  try {
    const key = await hpke.DeserializePublicKey(publicKey)
    const { encapsulatedSecret, ctx } = await hpke.SetupSender(key, { info })
    const secrets = createSealSecrets((context, length) => ctx.Export(context, length), 'client')
    return { enc: encapsulatedSecret, secrets }
  } catch (cause) {
    throw invalidKey(cause)
  }
}

function invalidKey(cause?: unknown): ProtocolError {
  return new ProtocolError('SEAL_KEY_INVALID', 'the sealing key does not belong to its suite', {
    cause,
  })
}

/**
 * Encapsulations that one sealing key has seen; lives as long as the key. Nothing is ever evicted: a
 * full guard refuses new sessions, and the node goes on to its next epoch. Remembered is the last
 * 32 bytes, the ephemeral X25519 share, which an honest client never uses twice.
 */
export class EncapsulationGuard {
  readonly #seen = new Set<string>()
  readonly #entriesMax: number

  constructor(entriesMax: number = SEAL_REPLAY_ENTRIES_MAX) {
    this.#entriesMax = entriesMax
  }

  /**
   * @throws ProtocolError SEAL_REPLAYED
   * @throws UnavailableError SEAL_GUARD_FULL
   */
  admit(enc: Uint8Array): void {
    const share = toHex(enc.subarray(-32))
    if (this.#seen.has(share)) {
      throw new ProtocolError('SEAL_REPLAYED', 'this encapsulation was used before')
    }
    if (this.#seen.size >= this.#entriesMax) {
      throw new UnavailableError('SEAL_GUARD_FULL', 'this sealing key served all it may serve', {
        remedy: 'Ask again: the provider goes on with a new key.',
      })
    }
    this.#seen.add(share)
  }
}

/**
 * The provider's side, inside the TEE. The guard must be the one of this key.
 * @throws ProtocolError SEAL_ENC_INVALID, SEAL_REPLAYED
 * @throws UnavailableError SEAL_GUARD_FULL
 */
export async function sealOpenReceiver(
  key: SealingKey,
  enc: Uint8Array,
  info: Uint8Array,
  guard: EncapsulationGuard,
): Promise<{ readonly secrets: SealSecrets }> {
  const hpke = await hpkeSuite(key.suite)
  if (enc.length !== hpke.KEM.Nenc) throw invalidEncapsulation()
  guard.admit(enc)
  try {
    const ctx = await hpke.SetupRecipient(key.keyPair, enc, { info })
    const secrets = createSealSecrets((context, length) => ctx.Export(context, length), 'provider')
    return { secrets }
  } catch (cause) {
    throw invalidEncapsulation(cause)
  }
}

function invalidEncapsulation(cause?: unknown): ProtocolError {
  return new ProtocolError('SEAL_ENC_INVALID', 'the encapsulation does not belong to this key', {
    cause,
  })
}

/** Which version is spoken, and the bytes that make a session fresh (docs/spec/session.md). */
import { concat, tagged, u32be, utf8 } from '../bytes.ts'
import { VERSIONS_MAX } from '../constants.ts'
import type { CryptoPort } from '../crypto/port.ts'
import { ProtocolError } from '../errors.ts'

/** Spoken here, highest first: always N and, once there is one, N-1. */
export const PROTOCOL_VERSIONS: readonly number[] = [1]

function isOffer(versions: readonly number[]): boolean {
  return (
    versions.length >= 1 &&
    versions.length <= VERSIONS_MAX &&
    versions.every((version, at) => version >= 1 && version < (versions[at - 1] ?? Infinity))
  )
}

/**
 * The highest version that both offered. Both lists go into the transcript, so that nobody in
 * between can take a version out of one.
 * @throws ProtocolError VERSION_OFFER_MALFORMED when a list is empty, too long or not descending
 * @throws ProtocolError VERSION_UNSUPPORTED
 */
export function negotiateVersion(
  clientOffered: readonly number[],
  providerOffered: readonly number[],
): number {
  if (!isOffer(clientOffered) || !isOffer(providerOffered)) {
    throw new ProtocolError('VERSION_OFFER_MALFORMED', 'versions are offered highest first')
  }
  const common = clientOffered.find((version) => providerOffered.includes(version))
  if (common === undefined) {
    throw new ProtocolError('VERSION_UNSUPPORTED', 'no protocol version in common', {
      remedy: 'Update the older of the two programs.',
      data: { client: clientOffered.join(','), provider: providerOffered.join(',') },
    })
  }
  return common
}

export interface Transcript {
  readonly clientVersions: readonly number[]
  readonly providerVersions: readonly number[]
  readonly version: number
  /** Exact bytes of the statement S. */
  readonly statement: Uint8Array
  readonly quote: Uint8Array
  readonly clientNonce: Uint8Array
  readonly providerChallenge: Uint8Array
  /** Raw TON address. */
  readonly channel: string
  readonly clientPeerId: string
  readonly providerPeerId: string
}

/** What the response key and the session key both sign. */
export function transcriptBytes(input: Transcript & { readonly crypto: CryptoPort }): Uint8Array {
  return tagged(
    'cocoon/session/1',
    concat(...input.clientVersions.map(u32be)),
    concat(...input.providerVersions.map(u32be)),
    u32be(input.version),
    input.crypto.sha256(input.statement),
    input.crypto.sha256(input.quote),
    input.clientNonce,
    input.providerChallenge,
    utf8(input.channel),
    utf8(input.clientPeerId),
    utf8(input.providerPeerId),
  )
}

/**
 * A publisher's signed word on which root a name means (docs/spec/models.md, "Publications"). Whoever
 * passes it on can hold it back, never change it.
 */
import { tagged, u64be, utf8 } from '../bytes.ts'
import type { CryptoPort, Ed25519KeyPair } from '../crypto/port.ts'

/** Names of models: what a file system, a shell and a URL take as they are. */
export const MODEL_NAME = /^[a-z0-9](?:[a-z0-9._-]{0,94}[a-z0-9])?$/

export interface ModelPublication {
  readonly name: string
  /** 32 bytes. */
  readonly root: Uint8Array
  /** Licence of the files as the publisher states it, for example "apache-2.0". */
  readonly licence: string
  /** A later word of the same publisher on the same name has a higher number. */
  readonly sequence: number
  /** Ed25519 key, 32 bytes. */
  readonly publisher: Uint8Array
}

export interface SignedPublication extends ModelPublication {
  /** 64 bytes over `publicationBytes`. */
  readonly signature: Uint8Array
}

/** What is signed. */
export function publicationBytes(publication: ModelPublication): Uint8Array {
  const { name, root, licence, sequence, publisher } = publication
  return tagged(
    'cocoon/model-publication/1',
    utf8(name),
    root,
    utf8(licence),
    u64be(BigInt(sequence)),
    publisher,
  )
}

export function signPublication(
  crypto: CryptoPort,
  key: Ed25519KeyPair,
  words: Omit<ModelPublication, 'publisher'>,
): SignedPublication {
  const publication = { ...words, publisher: key.publicKey }
  return { ...publication, signature: crypto.ed25519Sign(key, publicationBytes(publication)) }
}

/** False for anything that the key did not sign exactly so; never throws. */
export function isSignedByPublisher(crypto: CryptoPort, signed: SignedPublication): boolean {
  return crypto.ed25519Verify(signed.publisher, publicationBytes(signed), signed.signature)
}

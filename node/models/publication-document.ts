/** A publication as JSON: in a file that publishers hand out, in names.json, and on the wire. */
import { z } from 'zod'
import { fromHex, fromUtf8, toHex, utf8 } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { ProtocolError } from '#protocol/errors.ts'
import {
  isSignedByPublisher,
  MODEL_NAME,
  type SignedPublication,
} from '#protocol/model/publication.ts'
import { PUBLICATION_BYTES_MAX } from './constants.ts'
import { hex32 } from './manifest-document.ts'
import { licenceSchema } from './record.ts'

export const publicationSchema = z
  .strictObject({
    format: z.literal('cocoon-model-publication/1'),
    name: z.string().regex(MODEL_NAME),
    root: hex32,
    licence: licenceSchema,
    sequence: z.int().min(0),
    publisher: hex32,
    signature: z
      .string()
      .regex(/^[0-9a-f]{128}$/)
      .transform(fromHex),
  })
  .transform(({ format: _, ...publication }): SignedPublication => publication)

export function publicationDocument(publication: SignedPublication) {
  const { name, root, licence, sequence, publisher, signature } = publication
  return {
    format: 'cocoon-model-publication/1',
    ...{ name, root: toHex(root), licence, sequence },
    publisher: toHex(publisher),
    signature: toHex(signature),
  } as const
}

export function publicationBytesOf(publication: SignedPublication): Uint8Array {
  return utf8(JSON.stringify(publicationDocument(publication)))
}

/** @throws ProtocolError MODEL_PUBLICATION_INVALID: also when its publisher did not sign it */
export function readPublication(bytes: Uint8Array, crypto: CryptoPort): SignedPublication {
  try {
    if (bytes.length > PUBLICATION_BYTES_MAX) throw new RangeError('too long')
    const publication = publicationSchema.parse(JSON.parse(fromUtf8(bytes)))
    if (isSignedByPublisher(crypto, publication)) return publication
  } catch {
    // The same refusal: whatever is wrong with it, it is no publisher's word.
  }
  throw unsignedPublication()
}

export function unsignedPublication(): ProtocolError {
  return new ProtocolError('MODEL_PUBLICATION_INVALID', 'no publisher signed this', {
    remedy: 'Get the publication from its publisher again.',
  })
}

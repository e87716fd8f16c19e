/** What every kind of request document has in common: canonical JSON in UTF-8, bounded. */
import { equal, fromUtf8 } from './bytes.ts'
import { ASK_BYTES_MAX } from './constants.ts'
import { ProtocolError } from './errors.ts'

/** @throws ProtocolError ASK_MALFORMED: too long, or not JSON */
export function askJson(bytes: Uint8Array): unknown {
  if (bytes.length > ASK_BYTES_MAX) throw malformedAsk('too long')
  try {
    return JSON.parse(fromUtf8(bytes))
  } catch {
    throw malformedAsk('not JSON')
  }
}

/** @throws ProtocolError ASK_MALFORMED: these are not the bytes that the document is written with */
export function checkCanonical(bytes: Uint8Array, canonical: Uint8Array): void {
  if (!equal(canonical, bytes)) throw malformedAsk('not in canonical form')
}

export function malformedAsk(detail: string): ProtocolError {
  return new ProtocolError('ASK_MALFORMED', `a request document cannot be read: ${detail}`)
}

/**
 * Run-time events of a dstack guest, as `GetQuote` answers them: a JSON text of entries, registers counted from 0.
 * Newer agents leave the digests of their own events out: SHA-384(type as u32 LE ":" name ":" payload).
 */
import { z } from 'zod'
import { DSTACK_EVENTS_MAX } from '#attestation/evidence/constants.ts'
import { concat, fromHex, utf8 } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'

const RTMR3 = 3
const RUNTIME_EVENT = 0x0800_0001
const SHA384_HEX_CHARACTERS = 96

const hex = z.string().regex(/^([0-9a-f]{2})*$/i)
const entry = z.looseObject({
  imr: z.number().int(),
  event_type: z.number().int().min(0).max(0xffff_ffff),
  digest: hex,
  event: z.string(),
  event_payload: hex,
})
const log = z.array(entry).max(DSTACK_EVENTS_MAX)

/** @returns digests of RTMR3 in order, or undefined for a text that is not of this form */
export function runtimeEventsOfDstack(
  crypto: Pick<CryptoPort, 'sha384'>,
  text: string,
): readonly Uint8Array[] | undefined {
  const parsed = log.safeParse(jsonOf(text))
  if (!parsed.success) return undefined
  const digests = parsed.data.filter(({ imr }) => imr === RTMR3).map((one) => digestOf(crypto, one))
  const known = digests.filter((digest) => digest !== undefined)
  return known.length === digests.length ? known : undefined
}

function digestOf(
  crypto: Pick<CryptoPort, 'sha384'>,
  { event_type: type, digest, event, event_payload: payload }: z.output<typeof entry>,
): Uint8Array | undefined {
  if (digest.length === SHA384_HEX_CHARACTERS) return fromHex(digest.toLowerCase())
  if (digest !== '' || type !== RUNTIME_EVENT) return undefined
  const head = new Uint8Array(4)
  new DataView(head.buffer).setUint32(0, type, true)
  const colon = utf8(':')
  return crypto.sha384(concat(head, colon, utf8(event), colon, fromHex(payload.toLowerCase())))
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Requests to and answers of dstack's guest agent (its `GetQuote` call): text in, checked quote out. */
import { z } from 'zod'
import { equal, fromHex, toHex } from '#protocol/bytes.ts'
import { EVIDENCE_QUOTE_BYTES_MAX } from '#protocol/constants.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { UnavailableError } from '#protocol/errors.ts'
import { reportDataAt } from './configfs/report-data-at.ts'
import { runtimeEventsOfDstack } from './event-log/dstack-events.ts'

const answerSchema = z.object({
  quote: z
    .string()
    .regex(/^(0x)?([0-9a-fA-F]{2})+$/)
    .max(2 * EVIDENCE_QUOTE_BYTES_MAX + 2),
  event_log: z.string().optional(),
})

export interface DstackQuote {
  readonly quote: Uint8Array
  /** Digests of RTMR3 in order; undefined: none came, or none in a known form. */
  readonly runtimeEvents: readonly Uint8Array[] | undefined
}

/** Body of `POST /GetQuote`. */
export function dstackRequest(reportData: Uint8Array): string {
  return JSON.stringify({ report_data: toHex(reportData) })
}

/**
 * The TDX quote of an answer, with the events that it came with.
 * @throws UnavailableError QUOTE_UNAVAILABLE when it is no quote, or one over other report data
 */
export function quoteFromDstack(
  crypto: Pick<CryptoPort, 'sha384'>,
  answer: string,
  reportData: Uint8Array,
): DstackQuote {
  const parsed = answerSchema.safeParse(jsonOf(answer))
  if (!parsed.success) throw broken('its answer has no quote')
  const quote = fromHex(parsed.data.quote.replace(/^0x/, '').toLowerCase())
  const found = reportDataAt('tdx_guest', quote)
  if (found === undefined) throw broken(`${quote.length} bytes that are no TDX quote`)
  if (!equal(found, reportData)) throw broken('a quote over other report data')
  const { event_log: log } = parsed.data
  const runtimeEvents = log === undefined ? undefined : runtimeEventsOfDstack(crypto, log)
  return { quote, runtimeEvents }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function broken(detail: string): UnavailableError {
  return new UnavailableError(
    'QUOTE_UNAVAILABLE',
    `no quote from dstack's guest agent: ${detail}`,
    {
      remedy: "Look at the guest agent's log; `cocoon doctor` shows whether its socket answers.",
    },
  )
}

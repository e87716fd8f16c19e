/** Requests to and answers of dstack's guest agent (its `GetQuote` call): text in, checked quote out. */
import { z } from 'zod'
import { equal, fromHex, toHex } from '#protocol/bytes.ts'
import { EVIDENCE_QUOTE_BYTES_MAX } from '#protocol/constants.ts'
import { UnavailableError } from '#protocol/errors.ts'
import { reportDataAt } from './configfs/report-data-at.ts'

const answerSchema = z.object({
  quote: z
    .string()
    .regex(/^(0x)?([0-9a-fA-F]{2})+$/)
    .max(2 * EVIDENCE_QUOTE_BYTES_MAX + 2),
})

/** Body of `POST /GetQuote`. */
export function dstackRequest(reportData: Uint8Array): string {
  return JSON.stringify({ report_data: toHex(reportData) })
}

/**
 * The TDX quote of an answer.
 * @throws UnavailableError QUOTE_UNAVAILABLE when it is no quote, or one over other report data
 */
export function quoteFromDstack(answer: string, reportData: Uint8Array): Uint8Array {
  const parsed = answerSchema.safeParse(jsonOf(answer))
  if (!parsed.success) throw broken('its answer has no quote')
  const quote = fromHex(parsed.data.quote.replace(/^0x/, '').toLowerCase())
  const found = reportDataAt('tdx_guest', quote)
  if (found === undefined) throw broken(`${quote.length} bytes that are no TDX quote`)
  if (!equal(found, reportData)) throw broken('a quote over other report data')
  return quote
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

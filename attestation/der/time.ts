/** Points in time: X.509's two forms (RFC 5280 section 4.1.2.5) and Intel's JSON form (RFC 3339, UTC). */
import { type DerElement, derError, TAG } from './reader.ts'

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const

function daysOf(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return month === 2 && leap ? 29 : (MONTH_DAYS[month - 1] ?? 0)
}

/** Unix milliseconds of `YYYYMMDDHHMMSS`, or undefined when there is no such moment. */
function momentOf(digits: string): number | undefined {
  const at = (from: number, to: number): number => Number(digits.slice(from, to))
  const [year, month, day] = [at(0, 4), at(4, 6), at(6, 8)]
  const [hour, minute, second] = [at(8, 10), at(10, 12), at(12, 14)]
  if (month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return undefined
  if (year < 1950 || hour > 23 || minute > 59 || second > 59) return undefined
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

/**
 * UTCTime until 2049 and GeneralizedTime from 2050 on, in seconds and with Z.
 * @returns Unix milliseconds
 * @throws AttestationError DER_MALFORMED
 */
export function readTime(element: DerElement | undefined, what: string): number {
  if (element === undefined) return derError(`${what} is missing`)
  const text = String.fromCharCode(...element.value.subarray(0, 16))
  let digits: string | undefined
  if (element.tag === TAG.utcTime && /^\d{12}Z$/.test(text)) {
    digits = `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text.slice(0, 12)}`
  } else if (element.tag === TAG.generalizedTime && /^\d{14}Z$/.test(text)) {
    digits = text.slice(0, 14)
    if (Number(digits.slice(0, 4)) < 2050) derError(`${what} must be a UTCTime before 2050`)
  }
  const moment = digits === undefined ? undefined : momentOf(digits)
  return moment ?? derError(`${what} is no valid time`)
}

/** `2025-06-19T10:16:03Z` to Unix milliseconds, or undefined when it is anything else. */
export function parseIsoSeconds(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text)) return undefined
  return momentOf(text.replace(/[^0-9]/g, ''))
}

/** Unix milliseconds, cut to the second, as `2025-06-19T10:16:03Z`. */
export function isoSeconds(unixMs: number): string {
  return `${new Date(unixMs).toISOString().slice(0, 19)}Z`
}

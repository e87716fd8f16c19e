/** Dates as options: a day, or a moment with its zone. */
import { InvalidArgumentError } from 'commander'

/** ISO 8601, as Unix milliseconds. @throws InvalidArgumentError */
export function parseDate(text: string): number {
  const ms = /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2}))?$/.test(text) ? Date.parse(text) : NaN
  if (Number.isNaN(ms))
    throw new InvalidArgumentError('Write it as 2026-11-23 or 2026-11-23T10:00Z.')
  return ms
}

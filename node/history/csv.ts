/** The history as CSV (RFC 4180), safe to open in a spreadsheet. */
import { stringify } from 'csv-stringify/sync'
import { HISTORY_COLUMNS, type HistoryEntry } from './entry.ts'

/**
 * A model's or a provider's name is a stranger's text: what a spreadsheet would take for a formula
 * (a leading `=`, `+`, `-`, `@`, tab or carriage return) gets a quote before it, and stays text.
 */
export function historyCsv(entries: readonly HistoryEntry[]): string {
  return stringify([...entries], {
    header: true,
    columns: [...HISTORY_COLUMNS],
    escape_formulas: true,
    record_delimiter: 'windows',
  })
}

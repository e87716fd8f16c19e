/** Reading columns, and bounding what is written. */
import type { SQLOutputValue } from 'node:sqlite'
import { ConfigError } from '#protocol/errors.ts'

export type Row = Record<string, SQLOutputValue>

export const text = (row: Row, column: string): string => String(row[column])
export const integer = (row: Row, column: string): number => Number(row[column])
export const blob = (row: Row, column: string): Uint8Array => row[column] as Uint8Array
export const optionalText = (row: Row, column: string): string | undefined =>
  row[column] === null ? undefined : String(row[column])

/** @throws ConfigError STORE_VALUE_TOO_LARGE */
export function bounded<T extends string | Uint8Array>(
  value: T,
  lengthMax: number,
  what: string,
): T {
  if (value.length <= lengthMax) return value
  throw new ConfigError('STORE_VALUE_TOO_LARGE', `${what} is larger than the store takes`, {
    data: { length: value.length, lengthMax },
  })
}

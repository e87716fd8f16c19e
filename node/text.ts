/** How amounts, addresses and tables are shown to people. Machines get integers and whole strings. */

const NANO_PER_COIN = 1_000_000_000n
const FRACTION_DIGITS = 9

/** Shows nano units in coins, exactly: 4200000n is "0.0042 TON". */
export type Coins = (nano: bigint) => string

export function coinsIn(symbol: string): Coins {
  return (nano) => {
    const absolute = nano < 0n ? -nano : nano
    const fraction = (absolute % NANO_PER_COIN).toString().padStart(FRACTION_DIGITS, '0')
    const trimmed = fraction.replace(/0+$/, '')
    const whole = `${nano < 0n ? '-' : ''}${absolute / NANO_PER_COIN}`
    return `${trimmed === '' ? whole : `${whole}.${trimmed}`} ${symbol}`
  }
}

/** "0.05" coins as nano units, exactly; undefined: not an amount. */
export function nanoOfCoins(text: string): bigint | undefined {
  const [, whole, fraction = ''] = /^(\d{1,9})(?:\.(\d{1,9}))?$/.exec(text) ?? []
  if (whole === undefined) return undefined
  return BigInt(whole) * NANO_PER_COIN + BigInt(fraction.padEnd(FRACTION_DIGITS, '0'))
}

/** "1 receipt", "2 receipts". */
export const counted = (number: number, noun: string): string =>
  `${number} ${noun}${number === 1 ? '' : 's'}`

/** First and last digits of an address: enough to recognise, too few to copy by mistake. */
export function shortAddress(address: string): string {
  return address.length <= 16 ? address : `${address.slice(0, 8)}…${address.slice(-6)}`
}

const PROVIDER_CHARS = 12

/** A provider is named by the hexadecimal of its identity key; its beginning tells it apart. */
export function shortProvider(provider: string): string {
  return /^[0-9a-f]{64}$/.test(provider) ? provider.slice(0, PROVIDER_CHARS) : provider
}

export interface Column<Row> {
  readonly title: string
  readonly cell: (row: Row) => string
  readonly align?: 'right'
}

/** Aligned columns with a heading; nothing but the heading when there are no rows. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const cells = [
    columns.map((column) => column.title),
    ...rows.map((row) => columns.map((c) => c.cell(row))),
  ]
  const widths = columns.map((_, at) => Math.max(...cells.map((line) => line[at]!.length)))
  const lines = cells.map((line) =>
    line
      .map((cell, at) =>
        columns[at]!.align === 'right' ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!),
      )
      .join('  ')
      .trimEnd(),
  )
  return lines.join('\n')
}

/** `name   value` lines, aligned. */
export function pairs(entries: readonly (readonly [string, string])[]): string {
  const width = Math.max(...entries.map(([name]) => name.length))
  return entries.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')
}

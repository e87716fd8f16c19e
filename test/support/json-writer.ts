/** Writes a JSON value as some server may: in any spacing, order and escapes that RFC 8259 has. */
import type { SchemaMaker } from './random-schemas.ts'

type Random = Pick<SchemaMaker, 'random' | 'below'>

export function writeJson(value: unknown, random: Random): string {
  const space = () => ['', '', ' ', '\n', '\t\r\n  '][random.below(5)] ?? ''
  const write = (each: unknown): string => {
    if (typeof each === 'string') return writeString(each, random)
    if (typeof each === 'number') return writeNumber(each, random)
    if (Array.isArray(each)) return `[${space()}${joined(each.map(write))}]`
    if (typeof each !== 'object' || each === null) return `${each}`
    const members = Object.entries(each)
      .toSorted(() => random.random() - 0.5)
      .map(([name, one]) => `${writeString(name, random)}${space()}:${space()}${write(one)}`)
    return `{${space()}${joined(members)}}`
  }
  const joined = (parts: string[]) => parts.map((part) => `${part}${space()}`).join(`,${space()}`)
  return `${space()}${write(value)}${space()}`
}

function writeString(text: string, random: Random): string {
  if (random.below(3) > 0) return JSON.stringify(text)
  const escaped = (unit: string) =>
    unit === '"' || random.below(2) === 0
      ? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
      : unit
  // Code units, so that a character beyond U+FFFF is escaped in two halves or not at all.
  const units = [...text].flatMap((each) =>
    each.length === 2
      ? [
          each
            .split('')
            .map((half) => `\\u${half.charCodeAt(0).toString(16)}`)
            .join(''),
        ]
      : [each],
  )
  return `"${units.map((unit) => (unit.length > 1 ? unit : isPlain(unit) ? escaped(unit) : JSON.stringify(unit).slice(1, -1))).join('')}"`
}

function isPlain(unit: string): boolean {
  return unit >= ' ' && unit !== '\\'
}

function writeNumber(value: number, random: Random): string {
  const plain = JSON.stringify(value)
  if (!Number.isInteger(value) || /e/.test(plain)) return plain
  return [plain, `${plain}.0`, `${plain}e0`, `${plain}00E-2`][random.below(4)] ?? plain
}

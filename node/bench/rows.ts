/** What every benchmark prints: figures beside what they are measured against, and what was to be reached. */
import { cpus, totalmem } from 'node:os'
import { table } from '#node/text.ts'
import { versionDocument } from '#node/version.ts'

export interface BenchRow {
  readonly figure: string
  /** The fastest round: what it costs when nothing else runs. */
  readonly value: number
  readonly unit: string
  /** What the ratio is to, in words; empty: nothing. */
  readonly against: string
  /** Ours divided by that, both at their fastest; null: nothing to compare with. */
  readonly ratio: number | null
  /** What was to be reached, in words; empty: no target. */
  readonly reach: string
  /** Whether it was reached; null: no target, or it could not be measured. */
  readonly ok: boolean | null
  readonly min: number
  readonly median: number
  readonly max: number
}

export interface BenchDocument {
  readonly bench: string
  readonly seed: number
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memoryBytes: number }
  readonly versions: Readonly<Record<string, string>>
  readonly rows: readonly BenchRow[]
}

export function benchDocument(
  bench: string,
  seed: number,
  rows: readonly BenchRow[],
  versions: Readonly<Record<string, string>> = {},
): BenchDocument {
  const { cocoon, node, platform } = versionDocument()
  const [first] = cpus()
  const machine = {
    cpu: first?.model ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
  }
  return { bench, seed, machine, versions: { cocoon, node, platform, ...versions }, rows }
}

const digits = (value: number): string => value.toPrecision(3)

export function benchTable(document: BenchDocument): string {
  return table(document.rows, [
    { title: 'FIGURE', cell: ({ figure }) => figure },
    { title: 'VALUE', cell: ({ value, unit }) => `${digits(value)} ${unit}`, align: 'right' },
    { title: 'RATIO', cell: ({ ratio }) => (ratio === null ? '' : digits(ratio)), align: 'right' },
    { title: 'REACH', cell: ({ reach }) => reach },
    { title: 'OK', cell: ({ ok }) => (ok === null ? '' : ok ? 'yes' : 'NO') },
    { title: 'AGAINST', cell: ({ against }) => against },
  ])
}

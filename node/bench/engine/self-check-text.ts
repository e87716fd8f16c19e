/** What a self-check found, for the owner of the GPU. */
import { table } from '#node/text.ts'
import type { SelfCheckDocument } from './self-check-models.ts'

/** A table, what was checked, and one sentence that says what it means. */
export function selfCheckText(document: SelfCheckDocument): string {
  const { rows, engine, adapters, reason, machine, versions, seed, effort } = document
  const found = table(rows, [
    { title: 'CHECK', cell: ({ check }) => check },
    { title: 'VERDICT', cell: ({ ok }) => (ok === null ? '' : ok ? 'right' : 'WRONG') },
    { title: 'FOUND', cell: (row) => row.found },
    { title: 'LIMIT', cell: ({ limit }) => limit },
  ])
  const on = adapters.map(({ name, kind }) => `${name} (${kind})`).join(', ')
  const what = `${engine}${on === '' ? '' : ` on ${on}`}${reason === '' ? '' : `; ${reason}`}`
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  const where = `${machine.cores} x ${machine.cpu}; seed ${seed}; ${effort}; ${named.join(', ')}`
  return [found, what, where, conclusion(document)].join('\n')
}

function conclusion({ rows, device, adapters }: SelfCheckDocument): string {
  const judged = rows.filter(({ ok }) => ok !== null)
  const wrong = judged.filter(({ ok }) => ok === false).length
  if (wrong > 0) {
    return (
      `WRONG: ${wrong} of ${judged.length} checks. Do not sell on this device: update its driver and ` +
      'check again, or use `--device cpu`.'
    )
  }
  const right = `${judged.length} of ${judged.length} checks right`
  if (device === 'cpu') return `${right}, of the cpu beside itself. No GPU was checked.`
  const isProgram = adapters.length > 0 && adapters.every(({ kind }) => kind === 'software')
  return isProgram
    ? `${right}, by a program that imitates a GPU. No GPU was checked.`
    : `${right}: this device computes what the cpu computes.`
}

/** Verdicts for people: one line, or one line a step. */
import type { VerdictStep } from '#attestation/types.ts'
import { table } from '#node/text.ts'

interface ShownVerdict {
  readonly tier: string
  readonly ok: boolean
  readonly steps: readonly Pick<VerdictStep, 'name' | 'status' | 'found' | 'detail'>[]
}

export function verdictLine(verdict: ShownVerdict): string {
  const passed = verdict.steps.filter(({ status }) => status === 'passed').length
  const failed = verdict.steps.filter(({ status }) => status === 'failed').map(({ name }) => name)
  const outcome = failed.length === 0 ? `${passed} steps passed` : `failed: ${failed.join(', ')}`
  return `${verdict.ok ? 'accepted' : 'REFUSED'}, tier ${verdict.tier}, ${outcome}`
}

const FOUND_CHARS_MAX = 48

export function verdictTable(steps: ShownVerdict['steps']): string {
  return table(steps, [
    { title: 'STEP', cell: ({ name }) => name },
    { title: 'STATUS', cell: ({ status }) => status },
    { title: 'FOUND', cell: ({ found }) => shortened(found) },
    { title: 'DETAIL', cell: ({ detail }) => detail },
  ])
}

function shortened(text: string): string {
  return text.length <= FOUND_CHARS_MAX ? text : `${text.slice(0, FOUND_CHARS_MAX - 1)}…`
}

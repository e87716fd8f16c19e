/** Verdicts for people: one line, or one line a step. */
import type { VerdictStep } from '#attestation/types.ts'
import { ADVICE_TEXT } from '#attestation/verdict-steps.ts'
import { pairs, table } from '#node/text.ts'

type ShownStep = Pick<VerdictStep, 'name' | 'status' | 'found' | 'detail'> &
  Partial<Pick<VerdictStep, 'term' | 'evidence' | 'required' | 'reference' | 'advice'>>

interface ShownVerdict {
  readonly tier: string
  readonly ok: boolean
  readonly steps: readonly ShownStep[]
}

export function verdictLine(verdict: ShownVerdict): string {
  const passed = verdict.steps.filter(({ status }) => status === 'passed').length
  const failed = verdict.steps.filter(({ status }) => status === 'failed').map(({ name }) => name)
  const outcome = failed.length === 0 ? `${passed} steps passed` : `failed: ${failed.join(', ')}`
  return `${verdict.ok ? 'accepted' : 'REFUSED'}, tier ${verdict.tier}, ${outcome}`
}

/** A digest in hexadecimal is shown whole. */
const FOUND_CHARS_MAX = 64

export function verdictTable(steps: ShownVerdict['steps']): string {
  return table(steps, [
    { title: 'STEP', cell: ({ name }) => name },
    { title: 'STATUS', cell: ({ status }) => status },
    { title: 'FOUND', cell: ({ found }) => shortened(found) },
    { title: 'DETAIL', cell: ({ detail }) => detail },
  ])
}

/** Every step that failed: what the standard calls it, what was required, and what to do. Empty when none did. */
export function failureText(steps: ShownVerdict['steps']): string {
  return steps
    .filter(({ status }) => status === 'failed')
    .map((step) => {
      const { name, term = name, detail, found, required = '', reference = '', advice } = step
      const lines: [string, string][] = [
        ['failed', term === name ? name : `${name}: ${term}`],
        ['why', detail],
        ['looked at', step.evidence ?? ''],
        ['found', found],
        ['required', required],
        ['see', reference],
        ['do', advice === undefined ? '' : `${advice}: ${ADVICE_TEXT[advice]}`],
      ]
      return pairs(lines.filter(([, value]) => value !== ''))
    })
    .join('\n\n')
}

function shortened(text: string): string {
  return text.length <= FOUND_CHARS_MAX ? text : `${text.slice(0, FOUND_CHARS_MAX - 1)}…`
}

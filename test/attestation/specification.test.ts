/** docs/spec/attestation.md says what the code does. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { INTEL_ROOT_SHA256 } from '#attestation/anchors/intel.ts'
import { defaultPolicy } from '#attestation/policy/builtin.ts'
import { BINDING_STEPS, STATEMENT_STEPS, type StepRules } from '#attestation/step-rules.ts'
import { teeVerifier } from '#attestation/verify/tees.ts'
import { StatementCoreSchema, StatementSchema } from '#protocol/wire/gen/cocoon_pb.ts'
import { repositoryRoot } from '#test/support/source-files.ts'

const text = readFileSync(join(repositoryRoot, 'docs/spec/attestation.md'), 'utf8')
const section = (heading: string): string =>
  text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
const firstCells = (heading: string): string[] =>
  [...section(heading).matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1] ?? '')

/** Heading of a table, and what it must list. */
const tables: [string, StepRules][] = [
  ['Steps', { ...STATEMENT_STEPS, ...BINDING_STEPS }],
  ['TDX steps', teeVerifier('tdx')?.steps ?? {}],
]

describe('the specification', () => {
  it.each(tables)('lists every step under "%s" with what the code says of it', (heading, rules) => {
    const rows = Object.entries(rules).map(
      ([name, rule]) =>
        `| \`${name}\` | ${rule.term} | ${rule.evidence} | ${rule.required} | ${rule.reference} |`,
    )
    expect(section(heading).match(/^\| `.*$/gm)).toEqual(rows)
  })

  it('has a heading for every reference to itself', () => {
    const anchors = [...text.matchAll(/^## (.+)$/gm)].map((match) =>
      (match[1] ?? '').toLowerCase().replaceAll(' ', '-'),
    )
    const rules = tables.flatMap(([, table]) => Object.values(table))
    const wanted = rules.flatMap((rule) =>
      [...rule.reference.matchAll(/attestation\.md#([\w-]+)/g)].map((match) => match[1] ?? ''),
    )
    expect(wanted.length).toBeGreaterThan(5)
    expect(wanted.filter((anchor) => !anchors.includes(anchor))).toEqual([])
  })

  it('lists every field of a statement in the order of the wire', () => {
    const coreFields = StatementCoreSchema.fields.map((field) => `core.${field.name}`)
    const outerFields = StatementSchema.fields.slice(1).map((field) => field.name)
    expect(firstCells('Statement')).toEqual([...coreFields, ...outerFields])
  })

  it('lists every field of a policy', () => {
    const fields = Object.entries(defaultPolicy()).flatMap(([name, value]) =>
      typeof value === 'object' && !Array.isArray(value)
        ? Object.keys(value).map((inner) => `${name}.${inner}`)
        : [name],
    )
    expect(firstCells('Policy')).toEqual(fields)
  })

  it("names Intel's root", () => {
    expect(section('Anchors')).toContain(INTEL_ROOT_SHA256)
  })
})

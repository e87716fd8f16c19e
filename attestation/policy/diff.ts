/** What changes from one policy to another, field by field, and whether it gets stricter. */
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { type CanonicalValue, canonicalJson } from './canonical-json.ts'
import { mergePolicies } from './merge.ts'
import type { AttestationPolicy } from './policy.ts'

/** tighter: accepts nothing new; looser: accepts all that it did; other: neither. */
export type DiffEffect = 'tighter' | 'looser' | 'other'

export interface PolicyDifference {
  /** `tdx.xfamAllowed` */
  readonly field: string
  readonly from: CanonicalValue
  readonly to: CanonicalValue
  readonly effect: DiffEffect
}

/** Not judged by: they say which document it is, not what it accepts. */
const LABELS = ['version', 'name']

function isSection(value: CanonicalValue): value is { readonly [key: string]: CanonicalValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Sections down to their fields; a field may be null or an object in one policy and not in the other. */
function fieldsOf(value: CanonicalValue, path: string): (readonly [string, CanonicalValue])[] {
  const isLeaf = !isSection(value) || path === 'tcb.grace'
  if (isLeaf) return [[path, value]]
  return Object.entries(value).flatMap(([key, member]) =>
    fieldsOf(member, path === '' ? key : `${path}.${key}`),
  )
}

/** Lists are sets here: their order decides nothing. */
function textOf(value: CanonicalValue | undefined): string {
  if (value === undefined) return ''
  if (!Array.isArray(value)) return canonicalJson(value)
  return value.map(canonicalJson).sort().join(',')
}

function effectOf(field: string, from: string, to: string, met: string): DiffEffect {
  if (LABELS.includes(field)) return 'other'
  if (met === to) return 'tighter'
  return met === from ? 'looser' : 'other'
}

/** Empty when both accept the same, whatever they are called. */
export function diffPolicies(
  crypto: CryptoPort,
  from: AttestationPolicy,
  to: AttestationPolicy,
): readonly PolicyDifference[] {
  const met = new Map(fieldsOf(mergePolicies(crypto, from, to), ''))
  const after = new Map(fieldsOf(to, ''))
  return fieldsOf(from, '').flatMap(([field, before]) => {
    const value = after.get(field) ?? null
    const [was, is] = [textOf(before), textOf(value)]
    if (was === is || field === 'name') return []
    return [
      { field, from: before, to: value, effect: effectOf(field, was, is, textOf(met.get(field))) },
    ]
  })
}

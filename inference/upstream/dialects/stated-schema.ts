/**
 * A schema with what is meant by it said in the standard's words: servers read the standard, and this program
 * reads an object that names its members as one that has no others (docs/spec/structured-output.md).
 */
import { unsupported } from '../errors.ts'

type Schema = Readonly<Record<string, unknown>>

/** By a schema's keywords, where it does not say its type: the first that fits. */
const MEANT: readonly (readonly [string, readonly string[]])[] = [
  ['object', ['properties', 'required', 'additionalProperties']],
  ['array', ['items', 'minItems', 'maxItems']],
  ['string', ['minLength', 'maxLength']],
  ['number', ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum']],
]
const NAMED_PARTS = ['properties', '$defs', 'definitions'] as const
const LISTED_PARTS = ['anyOf', 'oneOf', 'allOf'] as const
const SINGLE_PARTS = ['items', 'additionalProperties'] as const

/** @param text What checkConstraint accepts. @throws ConfigError UPSTREAM_FIELD where it is no JSON */
export function statedSchema(text: string): unknown {
  try {
    return stated(JSON.parse(text))
  } catch {
    throw unsupported('the upstream', 'response_format')
  }
}

function stated(schema: unknown): unknown {
  if (!isSchema(schema)) return schema
  const said: Record<string, unknown> = { ...schema }
  for (const keyword of NAMED_PARTS) {
    const parts = schema[keyword]
    if (!isSchema(parts)) continue
    said[keyword] = Object.fromEntries(
      Object.entries(parts).map(([name, part]) => [name, stated(part)]),
    )
  }
  for (const keyword of LISTED_PARTS) {
    const parts = schema[keyword]
    if (Array.isArray(parts)) said[keyword] = parts.map(stated)
  }
  for (const keyword of SINGLE_PARTS) {
    if (keyword in schema) said[keyword] = stated(schema[keyword])
  }
  const meant = MEANT.find(([, keywords]) => keywords.some((keyword) => keyword in schema))
  if (schema['type'] === undefined && meant !== undefined) said['type'] = meant[0]
  return closed(said)
}

/** An object that names its members has no others but those that it requires. */
function closed(schema: Schema): Schema {
  const { properties, required = [], additionalProperties } = schema
  const isNaming = isSchema(properties) && Object.keys(properties).length > 0
  if (!isNaming || additionalProperties !== undefined || !Array.isArray(required)) return schema
  const unnamed = required.filter((name) => !Object.hasOwn(properties, name))
  const members = { ...properties, ...Object.fromEntries(unnamed.map((name) => [name, {}])) }
  return { ...schema, properties: members, additionalProperties: false }
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

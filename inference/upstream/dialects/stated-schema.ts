/**
 * A schema with what is meant by it said in the standard's words: servers read the standard, and this program
 * reads an object that names its members as one that has no others (docs/spec/structured-output.md).
 */
import { isObject, meantType, type SchemaObject } from '../../decoding/structure/schema-types.ts'

const NAMED_PARTS = ['properties', '$defs', 'definitions'] as const
const LISTED_PARTS = ['anyOf', 'oneOf', 'allOf'] as const
const SINGLE_PARTS = ['items', 'additionalProperties'] as const

/** @param text What checkConstraint accepts: JSON. */
export function statedSchema(text: string): unknown {
  return stated(JSON.parse(text))
}

function stated(schema: unknown): unknown {
  if (!isObject(schema)) return schema
  const said: Record<string, unknown> = { ...schema }
  for (const keyword of NAMED_PARTS) {
    const parts = schema[keyword]
    if (!isObject(parts)) continue
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
  const meant = meantType(Object.keys(schema))
  if (schema['type'] === undefined && meant !== undefined) said['type'] = meant
  return closed(said)
}

/** An object that names its members has no others but those that it requires. */
function closed(schema: SchemaObject): SchemaObject {
  const { properties, required = [], additionalProperties } = schema
  const isNaming = isObject(properties) && Object.keys(properties).length > 0
  if (!isNaming || additionalProperties !== undefined || !Array.isArray(required)) return schema
  const unnamed = required.filter((name) => !Object.hasOwn(properties, name))
  const members = { ...properties, ...Object.fromEntries(unnamed.map((name) => [name, {}])) }
  return { ...schema, properties: members, additionalProperties: false }
}

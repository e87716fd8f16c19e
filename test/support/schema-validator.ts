/** JSON Schema, just the keywords of structured output, written against the standard and not our grammar. */

type Schema = boolean | Readonly<Record<string, unknown>>

export function satisfies(value: unknown, schema: Schema, root: Schema = schema): boolean {
  if (typeof schema === 'boolean') return schema
  return Object.entries(schema).every(([keyword, wanted]) => {
    const check = CHECKS[keyword]
    return check === undefined ? ANNOTATIONS.has(keyword) : check(value, wanted, schema, root)
  })
}

/** With what is meant said in the standard's words: an object that names its members has no others. */
export function closed<Any extends Schema>(schema: Any): Any {
  return JSON.parse(JSON.stringify(schema), (_, part: unknown) => {
    const isClosed =
      isRecord(part) && isRecord(part.properties) && part.additionalProperties === undefined
    const isEmpty = isClosed && Object.keys(part.properties as object).length === 0
    return isClosed && !isEmpty ? { ...part, additionalProperties: false } : part
  }) as Any
}

const ANNOTATIONS = new Set(['title', 'description', '$defs', 'definitions'])

type Check = (
  value: unknown,
  wanted: unknown,
  schema: Record<string, unknown>,
  root: Schema,
) => boolean

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const schemas = (wanted: unknown) => wanted as Schema[]
const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)
const ifNumber = (value: unknown, holds: (number: number) => boolean) =>
  typeof value !== 'number' || holds(value)
const ifString = (value: unknown, holds: (characters: number) => boolean) =>
  typeof value !== 'string' || holds([...value].length)
const ifArray = (value: unknown, holds: (array: unknown[]) => boolean) =>
  !Array.isArray(value) || holds(value)

function isOfType(value: unknown, type: unknown): boolean {
  if (type === 'integer') return Number.isInteger(value)
  if (type === 'null') return value === null
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return isRecord(value)
  return typeof value === type
}

const CHECKS: Readonly<Record<string, Check>> = {
  type: (value, wanted) => [wanted].flat().some((type) => isOfType(value, type)),
  enum: (value, wanted) => (wanted as unknown[]).some((each) => same(each, value)),
  const: (value, wanted) => same(value, wanted),
  anyOf: (value, wanted, _, root) => schemas(wanted).some((each) => satisfies(value, each, root)),
  allOf: (value, wanted, _, root) => schemas(wanted).every((each) => satisfies(value, each, root)),
  oneOf: (value, wanted, _, root) =>
    schemas(wanted).filter((each) => satisfies(value, each, root)).length === 1,
  $ref: (value, wanted, _, root) => satisfies(value, resolve(String(wanted), root), root),
  minimum: (value, wanted) => ifNumber(value, (number) => number >= Number(wanted)),
  maximum: (value, wanted) => ifNumber(value, (number) => number <= Number(wanted)),
  exclusiveMinimum: (value, wanted) => ifNumber(value, (number) => number > Number(wanted)),
  exclusiveMaximum: (value, wanted) => ifNumber(value, (number) => number < Number(wanted)),
  minLength: (value, wanted) => ifString(value, (length) => length >= Number(wanted)),
  maxLength: (value, wanted) => ifString(value, (length) => length <= Number(wanted)),
  minItems: (value, wanted) => ifArray(value, (array) => array.length >= Number(wanted)),
  maxItems: (value, wanted) => ifArray(value, (array) => array.length <= Number(wanted)),
  items: (value, wanted, _, root) =>
    ifArray(value, (array) => array.every((each) => satisfies(each, wanted as Schema, root))),
  required: (value, wanted) =>
    !isRecord(value) || (wanted as string[]).every((name) => Object.hasOwn(value, name)),
  properties: (value, wanted, _, root) =>
    !isRecord(value) ||
    Object.entries(wanted as Record<string, Schema>).every(
      ([name, schema]) => !Object.hasOwn(value, name) || satisfies(value[name], schema, root),
    ),
  additionalProperties: (value, wanted, schema, root) =>
    !isRecord(value) ||
    Object.entries(value).every(
      ([name, each]) =>
        Object.hasOwn((schema.properties ?? {}) as object, name) ||
        satisfies(each, wanted as Schema, root),
    ),
}

function resolve(reference: string, root: Schema): Schema {
  let found: unknown = root
  for (const part of reference.split('/').slice(1)) found = (found as Record<string, unknown>)[part]
  return found as Schema
}

/** The keywords of each type. */
import { SCHEMA_ENUM_MAX } from '../../constants.ts'
import { ANY_NUMBER, type NodeFactory, type Property, type SchemaNode } from './nodes.ts'
import { invalid, unsupported } from './schema-errors.ts'
import type { SchemaReader } from './schema-reader.ts'

export type SchemaObject = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is SchemaObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const TYPES = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'] as const
type TypeName = (typeof TYPES)[number]

const KEYWORDS: Readonly<Record<TypeName, readonly string[]>> = {
  object: ['properties', 'required', 'additionalProperties'],
  array: ['items', 'minItems', 'maxItems'],
  string: ['minLength', 'maxLength'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  integer: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  boolean: [],
  null: [],
}
/** Digits of the whole part that every reader of JSON keeps (RFC 8259, section 6). */
const INTEGER_MAX = 10 ** 15 - 1

/** The first type that has one of the keywords. */
export function meantType(keywords: readonly string[]): TypeName | undefined {
  return TYPES.find((type) => KEYWORDS[type].some((each) => keywords.includes(each)))
}

/** Without `type`, the keywords say which type is meant; without any keyword it is every type. */
export function typesOf(schema: SchemaObject, keywords: readonly string[]): (TypeName | 'any')[] {
  if (schema.type === undefined) {
    if (keywords.length === 0) return ['any']
    const meant = meantType(keywords)
    if (meant === undefined) throw unsupported(keywords[0] ?? '')
    return [meant]
  }
  const names: unknown[] = Array.isArray(schema.type) ? schema.type : [schema.type]
  const known = TYPES.filter((type) => names.includes(type))
  if (known.length === 0 || new Set(names).size !== known.length) throw invalid('type is unknown')
  return known.filter((type) => type !== 'integer' || !known.includes('number'))
}

/** Values of `enum` or `const` that fit `type`, each once. */
export function valuesOf(schema: SchemaObject): unknown[] {
  const listed: unknown = 'enum' in schema ? schema.enum : [schema.const]
  if (!Array.isArray(listed) || listed.length > SCHEMA_ENUM_MAX) throw invalid('enum is a list')
  if ('enum' in schema && 'const' in schema) throw unsupported('const beside enum')
  const types = schema.type === undefined ? undefined : typesOf(schema, [])
  const fits = (value: unknown) =>
    types === undefined || types.some((type) => type === 'any' || isOfType(value, type))
  const texts = new Set(listed.filter(fits).map((value) => JSON.stringify(value)))
  return [...texts].map((text) => JSON.parse(text) as unknown)
}

function isOfType(value: unknown, type: TypeName): boolean {
  if (type === 'integer') return Number.isInteger(value)
  if (type === 'null') return value === null
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return isObject(value)
  return typeof value === type
}

interface TypedSchema {
  readonly type: TypeName | 'any'
  readonly schema: SchemaObject
  readonly keywords: readonly string[]
  readonly nesting: number
}

/** The node of one type, and which keywords it understood. */
export function readTyped(
  reader: SchemaReader,
  typed: TypedSchema,
): { node: SchemaNode; read: ReadonlySet<string> } {
  const { type, schema } = typed
  const { factory } = reader
  const read = new Set(type === 'any' ? [] : KEYWORDS[type])
  switch (type) {
    case 'any':
      return { node: factory.anyValue(), read }
    case 'boolean':
      return { node: factory.texts([true, false]), read }
    case 'null':
      return { node: factory.texts([null]), read }
    case 'string': {
      const minLength = count(schema, 'minLength', 0)
      const maxLength = count(schema, 'maxLength', Number.POSITIVE_INFINITY)
      return { node: factory.node({ kind: 'string', minLength, maxLength }), read }
    }
    case 'array': {
      const items = schema.items === undefined ? true : schema.items
      const node = factory.node({
        kind: 'array',
        items: reader.read(items, typed.nesting + 1),
        minItems: count(schema, 'minItems', 0),
        maxItems: count(schema, 'maxItems', Number.POSITIVE_INFINITY),
      })
      return { node, read }
    }
    case 'object':
      return { node: readObject(reader, typed), read }
    default:
      return { node: readNumber(factory, type === 'integer', schema), read }
  }
}

function readObject(reader: SchemaReader, { schema, nesting }: TypedSchema): SchemaNode {
  const { factory } = reader
  const { properties = {}, required = [], additionalProperties } = schema
  if (!isObject(properties)) throw invalid('properties is an object')
  if (!Array.isArray(required) || !required.every((name) => typeof name === 'string')) {
    throw invalid('required is a list of names')
  }
  const property = (name: string, node: SchemaNode): Property => ({
    name,
    label: factory.literal(`${JSON.stringify(name)}:`),
    node,
    required: required.includes(name),
  })
  const named = Object.entries(properties).map(([name, value]) =>
    property(name, reader.read(value, nesting + 1)),
  )
  // Without a word about others, an object whose members are listed has no others.
  const isOpen = additionalProperties === undefined && named.length === 0
  const additional =
    additionalProperties === undefined || additionalProperties === false
      ? isOpen
        ? factory.anyValue()
        : undefined
      : reader.read(additionalProperties, nesting + 1)
  const others = [...new Set(required)].filter((name) => !Object.hasOwn(properties, name))
  const missing = additionalProperties === undefined ? true : additionalProperties
  const extra = others.map((name) => property(name, reader.read(missing, nesting + 1)))
  return factory.node({ kind: 'object', properties: [...named, ...extra], additional })
}

function readNumber(factory: NodeFactory, isInteger: boolean, schema: SchemaObject): SchemaNode {
  const bound = (keyword: string): number | undefined => {
    const value = schema[keyword]
    if (value === undefined || Number.isFinite(value)) return value as number | undefined
    throw invalid(`${keyword} is a number`)
  }
  const [minimum, maximum] = [bound('minimum'), bound('maximum')]
  const [above, below] = [bound('exclusiveMinimum'), bound('exclusiveMaximum')]
  if (isInteger) {
    const { NEGATIVE_INFINITY, POSITIVE_INFINITY } = Number
    const range = {
      minimum: Math.max(
        Math.ceil(minimum ?? NEGATIVE_INFINITY),
        Math.floor(above ?? NEGATIVE_INFINITY) + 1,
      ),
      maximum: Math.min(
        Math.floor(maximum ?? POSITIVE_INFINITY),
        Math.ceil(below ?? POSITIVE_INFINITY) - 1,
      ),
    }
    return factory.node({
      ...{ kind: 'number', isInteger, range },
      minimum: Math.max(range.minimum, -INTEGER_MAX),
      maximum: Math.min(range.maximum, INTEGER_MAX),
    })
  }
  // Of bounds on fractions only "not negative" can be kept digit by digit.
  if (maximum !== undefined) throw unsupported('maximum of a number')
  if (above !== undefined) throw unsupported('exclusiveMinimum of a number')
  if (below !== undefined) throw unsupported('exclusiveMaximum of a number')
  if (minimum !== undefined && minimum !== 0) throw unsupported('minimum of a number other than 0')
  return factory.node({
    kind: 'number',
    isInteger,
    ...ANY_NUMBER,
    ...(minimum === 0 && { minimum }),
  })
}

function count(schema: SchemaObject, keyword: string, otherwise: number): number {
  const value = schema[keyword]
  if (value === undefined) return otherwise
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number
  throw invalid(`${keyword} is a whole number`)
}

/** Random values that a schema of random-schemas.ts accepts, or nearly: who uses them asks a validator. */
import type { RandomSchema, SchemaMaker } from './random-schemas.ts'

type Fields = Readonly<Record<string, unknown>>

export function randomValue(
  schema: RandomSchema,
  root: RandomSchema,
  maker: SchemaMaker,
  depth = 0,
): unknown {
  const again = (part: unknown) => randomValue(part as RandomSchema, root, maker, depth + 1)
  if (typeof schema === 'boolean') return [1, 'x', null, [], { a: 'ü𝄞' }][maker.below(5)]
  if (depth > 12) return null
  if (schema.$ref !== undefined) return again(referred(String(schema.$ref), root))
  const choices = [schema.enum, schema.anyOf, schema.oneOf].find(Array.isArray) as
    | readonly unknown[]
    | undefined
  const chosen = choices?.[maker.below(choices.length)]
  if (schema.enum !== undefined) return chosen
  if (choices !== undefined) return again(chosen)
  if (schema.const !== undefined) return schema.const
  return ofType(schema, maker, again)
}

function ofType(schema: Fields, maker: SchemaMaker, again: (part: unknown) => unknown): unknown {
  const types = [schema.type ?? 'object'].flat()
  switch (types[maker.below(types.length)]) {
    case 'object':
      return ofMembers(schema, maker, again)
    case 'array': {
      const length = Number(schema.minItems ?? 0) + maker.below(3)
      return Array.from({ length }, () => again(schema.items ?? true))
    }
    case 'string': {
      const letters = ['a', 'ü', '"', '\\', '𝄞', '\n', '/']
      const length = Number(schema.minLength ?? 0) + maker.below(3)
      return Array.from({ length }, () => letters[maker.below(letters.length)]).join('')
    }
    case 'integer':
      return Number(schema.minimum ?? -5) + maker.below(8)
    case 'number':
      return [0, 2.5, -1, 1e21, 7][maker.below(5)]
    case 'boolean':
      return maker.below(2) === 0
    default:
      return null
  }
}

function ofMembers(schema: Fields, maker: SchemaMaker, again: (part: unknown) => unknown): unknown {
  const required = (schema.required ?? []) as readonly string[]
  const members = Object.entries((schema.properties ?? {}) as Fields)
    .filter(([name]) => required.includes(name) || maker.below(2) === 0)
    .map(([name, part]) => [name, again(part)])
  const others = schema.additionalProperties
  if (others !== false && others !== undefined) members.push(['other', again(others)])
  return Object.fromEntries(members)
}

function referred(reference: string, root: RandomSchema): RandomSchema {
  let found: unknown = root
  for (const part of reference.split('/').slice(1)) found = (found as Fields)[part]
  return found as RandomSchema
}

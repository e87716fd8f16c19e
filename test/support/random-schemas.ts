/** Random JSON schemas of the part that structured output understands (docs/spec/structured-output.md). */

export type RandomSchema = Readonly<Record<string, unknown>> | boolean

export class SchemaMaker {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** mulberry32. */
  random(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let hash = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    hash = (hash + Math.imul(hash ^ (hash >>> 7), 61 | hash)) ^ hash
    return ((hash ^ (hash >>> 14)) >>> 0) / 2 ** 32
  }

  below(limit: number): number {
    return Math.floor(this.random() * limit)
  }

  /** A schema with definitions, one of which leads back to the whole. */
  document(): RandomSchema {
    const schema = this.schema(3)
    if (typeof schema === 'boolean' || this.below(3) > 0) return schema
    return {
      ...this.object(2),
      $defs: { part: this.schema(1), whole: { anyOf: [{ type: 'null' }, { $ref: '#' }] } },
    }
  }

  schema(depth: number): RandomSchema {
    const simple = [
      () => this.#string(),
      () => this.#integer(),
      () => ({ type: 'number', ...(this.below(2) === 0 && { minimum: 0 }) }),
      () => ({ type: this.below(2) === 0 ? 'boolean' : 'null', title: 'a word' }),
      () => ({ enum: ['a', 'ab', 1, -2.5, null, { k: ['ü'] }].slice(this.below(5)) }),
      () => ({ const: ['exactly', 7, [true]][this.below(3)] }),
      () => ({ type: ['string', 'integer', 'null'].slice(this.below(3)), description: 'text' }),
    ]
    const nested = [
      () => this.object(depth),
      () => this.#array(depth),
      () => ({ anyOf: [this.schema(depth - 1), this.object(depth), this.object(depth)] }),
      () => ({
        oneOf: [
          { type: 'object', properties: { kind: { const: 'x' } }, required: ['kind'] },
          {
            type: 'object',
            properties: { value: this.schema(depth - 1), kind: { enum: ['y', 'z'] } },
            required: ['kind'],
          },
          { type: 'array', items: this.schema(depth - 1), maxItems: 2 },
        ],
      }),
      () => true,
    ]
    const all = depth > 0 ? [...nested, ...simple] : simple
    return (all[this.below(all.length)] as () => RandomSchema)()
  }

  object(depth: number): Readonly<Record<string, unknown>> {
    const names = ['a', 'ab', 'b', 'quote"d', 'ö', ''].filter(() => this.below(2) === 0)
    const others = [undefined, false, { type: 'integer' }, true][this.below(4)]
    return {
      type: 'object',
      properties: Object.fromEntries(names.map((name) => [name, this.schema(depth - 1)])),
      required: names.filter(() => this.below(2) === 0),
      ...(others !== undefined && { additionalProperties: others }),
    }
  }

  #array(depth: number): RandomSchema {
    const minItems = this.below(3)
    return {
      type: 'array',
      items: this.schema(depth - 1),
      minItems,
      ...(this.below(2) === 0 && { maxItems: minItems + this.below(3) }),
    }
  }

  #string(): RandomSchema {
    const minLength = this.below(4)
    return { type: 'string', minLength, maxLength: minLength + this.below(6) }
  }

  #integer(): RandomSchema {
    const minimum = this.below(3000) - 1500
    return { type: 'integer', minimum, exclusiveMaximum: minimum + 1 + this.below(400) }
  }
}

/** Hundreds of lists of any of hundreds of strings: after the first bracket each byte can be read in all of these ways. */
export function costlySchema(): string {
  const all = (length: number, of: (at: number) => object) => ({
    anyOf: Array.from({ length }, (_, at) => of(at)),
  })
  const items = { $ref: '#/$defs/text' }
  return JSON.stringify({
    $defs: { text: all(900, (minLength) => ({ type: 'string', minLength })) },
    ...all(256, (minItems) => ({ type: 'array', minItems, items })),
  })
}

/**
 * Faults on demand, so that a program can be tried against a bad endpoint. Which request meets one
 * follows from the rules and the seed alone.
 */
import type { Message } from '@ton/core'
import { z } from 'zod'
import { ConfigError } from '#protocol/errors.ts'
import { FAULT_DELAY_MS_MAX, FAULT_RULES_MAX, HISTORY_BLOCKS_MAX } from './constants.ts'

export const FAULT_KINDS = [
  /** The answer comes `delayMs` late. */
  'delay',
  /** The connection ends without an answer. */
  'drop',
  /** HTTP `status` with a page that is no JSON. */
  'error',
  /** The answer is `blocks` blocks old, consistently. */
  'stale',
  /** sendBoc: refused as by a contract. */
  'reject',
  /** sendBoc: taken, and never executed. */
  'lose',
  /** The messages of a block are executed in another order, those of a pair of accounts in theirs. */
  'reorder',
] as const

export type FaultKind = (typeof FAULT_KINDS)[number]

const ruleSchema = z.strictObject({
  fault: z.enum(FAULT_KINDS),
  /** Only these methods; absent: all but `dev_` ones. */
  methods: z.array(z.string().max(64)).max(32).optional(),
  probability: z.coerce.number().min(0).max(1).default(1),
  /** Ends after so many. */
  times: z.coerce.number().int().min(1).optional(),
  delayMs: z.coerce.number().int().min(0).max(FAULT_DELAY_MS_MAX).default(1_000),
  status: z.coerce.number().int().min(500).max(599).default(502),
  blocks: z.coerce
    .number()
    .int()
    .min(1)
    .max(HISTORY_BLOCKS_MAX - 1)
    .default(20),
})

export type FaultRule = z.output<typeof ruleSchema>

export const faultsSchema = z.strictObject({
  rules: z.array(ruleSchema).max(FAULT_RULES_MAX),
  seed: z.coerce.number().int().min(0).max(0xffff_ffff).default(1),
})

/**
 * `KIND[:key=value[,key=value]]`; several methods are joined by `+`: `delay:delayMs=500,methods=sendBoc+shards`.
 * @throws ConfigError FAULT_INVALID
 */
export function parseFault(text: string): FaultRule {
  const [fault = '', ...rest] = text.split(':')
  const pairs = rest
    .join(':')
    .split(',')
    .filter((pair) => pair !== '')
    .map((pair) => pair.split('=', 2))
  const { methods, ...fields } = Object.fromEntries(pairs)
  const rule = ruleSchema.safeParse({
    fault,
    ...fields,
    ...(methods === undefined ? {} : { methods: methods.split('+') }),
  })
  if (rule.success) return rule.data
  throw new ConfigError('FAULT_INVALID', `not a fault: ${text.slice(0, 80)}`, {
    remedy: `Write KIND:key=value,…; kinds are ${FAULT_KINDS.join(', ')}.`,
    cause: rule.error,
  })
}

export class Faults {
  #rules: { readonly rule: FaultRule; left: number }[] = []
  #state = 1
  #met = 0

  set({ rules, seed }: z.output<typeof faultsSchema>): void {
    this.#rules = rules.map((rule) => ({ rule, left: rule.times ?? Number.POSITIVE_INFINITY }))
    // Zero is the one state that xorshift never leaves.
    this.#state = seed === 0 ? 1 : seed
  }

  /** How often a rule applied. */
  get met(): number {
    return this.#met
  }

  /** The rule that applies to this request, which is thereby used once. */
  take(kind: FaultKind, method: string): FaultRule | undefined {
    const entry = this.#rules.find(
      ({ rule, left }) =>
        rule.fault === kind && left > 0 && (rule.methods?.includes(method) ?? true),
    )
    if (entry === undefined || this.#chance() >= entry.rule.probability) return undefined
    entry.left--
    this.#met++
    return entry.rule
  }

  /** Messages between the same two accounts stay in order, as TON guarantees; others need not. */
  readonly arrange = (messages: readonly Message[]): readonly Message[] => {
    if (messages.length < 2 || this.take('reorder', '') === undefined) return messages
    const pairs = new Map<string, Message[]>()
    for (const message of messages) {
      const key = `${message.info.src ?? ''}>${message.info.dest ?? ''}`
      pairs.set(key, [...(pairs.get(key) ?? []), message])
    }
    const queues = [...pairs.values()]
    const arranged: Message[] = []
    while (queues.length > 0) {
      const at = Math.floor(this.#chance() * queues.length)
      const next = queues[at]?.shift()
      if (next !== undefined) arranged.push(next)
      if (queues[at]?.length === 0) queues.splice(at, 1)
    }
    return arranged
  }

  /** xorshift32 (Marsaglia, 2003): 0 <= x < 1. */
  #chance(): number {
    let x = this.#state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#state = x >>> 0
    return this.#state / 2 ** 32
  }
}

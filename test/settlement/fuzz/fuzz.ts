/**
 * Model-based fuzzing of a contract: a small reference model says what each operation must do, the
 * contract does it in the real TVM, and after every operation exit code, state and solvency are compared.
 */
import type { Sent } from '../sandbox-bench.ts'

/** Numbers from a seed (xorshift32), so that a failure can be run again. */
export class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0 || 1
  }

  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number {
    let x = this.#state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#state = x >>> 0
    return this.#state % limit
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.below(choices.length)] ?? choices[0]
  }

  /** True once in `times`. */
  oneIn(times: number): boolean {
    return this.below(times) === 0
  }

  /** By weight. */
  weighted<T>(choices: readonly (readonly [number, T])[]): T {
    const total = choices.reduce((sum, [weight]) => sum + weight, 0)
    let at = this.below(total)
    for (const [weight, choice] of choices) {
      if (at < weight) return choice
      at -= weight
    }
    throw new Error('weights are positive')
  }
}

/** One operation: what is sent, and what the model says of it. */
export interface Step {
  readonly kind: string
  /** Exit code by the model; 0: it must succeed. */
  readonly expected: number
  /** Undefined: only time passes. */
  readonly send: (() => Promise<Sent>) | undefined
  /** Brings the model to the state after a success. */
  readonly apply: () => void
}

/** A contract with its model; ends when its life is over. */
export interface Life {
  readonly isOver: boolean
  next(dice: Dice): Step
  /** @throws Error when the contract's state or its coins are not the model's */
  check(): Promise<void>
}

export interface FuzzReport {
  readonly operations: number
  readonly lives: number
  /** How often each kind of operation was accepted. */
  readonly accepted: Readonly<Record<string, number>>
  readonly refused: Readonly<Record<string, number>>
}

/** A life that goes on longer is ended, so that beginnings are fuzzed too. */
const STEPS_PER_LIFE = 120

/**
 * Runs `operations` steps over as many lives as it takes.
 * @throws Error naming seed, life and the steps before when model and contract differ
 */
export async function fuzz(
  begin: (life: number) => Promise<Life>,
  operations: number,
  seed: number,
): Promise<FuzzReport> {
  const dice = new Dice(seed)
  const accepted: Record<string, number> = {}
  const refused: Record<string, number> = {}
  let done = 0
  let lives = 0
  while (done < operations) {
    const life = await begin(lives++)
    const steps: string[] = []
    for (let at = 0; at < STEPS_PER_LIFE && !life.isOver && done < operations; at++, done++) {
      const step = life.next(dice)
      steps.push(`${step.kind}:${step.expected}`)
      try {
        const ok = await take(step)
        const counts = ok ? accepted : refused
        counts[step.kind] = (counts[step.kind] ?? 0) + 1
        await life.check()
      } catch (cause) {
        const trail = steps.slice(-12).join(' ')
        throw new Error(`seed ${seed}, life ${lives}: after ${trail}: ${cause}`, { cause })
      }
    }
  }
  return { operations: done, lives, accepted, refused }
}

async function take(step: Step): Promise<boolean> {
  const sent = await step.send?.()
  if (sent !== undefined && sent.exitCode !== step.expected) {
    throw new Error(`exit code ${sent.exitCode}, the model says ${step.expected}`)
  }
  if (step.expected !== 0) return false
  if (sent !== undefined && !sent.success) throw new Error('the action phase failed')
  step.apply()
  return true
}

export function same(what: string, found: unknown, expected: unknown): void {
  if (found !== expected) throw new Error(`${what} is ${found}, the model says ${expected}`)
}

/**
 * Model-based fuzzing of a contract: a small reference model says what each operation must do, the
 * contract does it in the real TVM, and after every operation exit code, messages, coins kept, state
 * and solvency are compared.
 */
import type { Address } from '@ton/core'
import type { Sent } from '../sandbox-bench.ts'
import type { Dice } from './dice.ts'
import { type Effect, maxOf, sameEffect, storageFeesOf } from './effects.ts'

/** One operation: what is sent, and what the model says of it. */
export interface Step {
  readonly kind: string
  /** Exit code by the model; 0: it must succeed. */
  readonly expected: number
  /** Undefined: only time passes, or something that is not the contract's own call. */
  readonly send: (() => Promise<Sent>) | undefined
  /**
   * What a success sends and keeps, when the contract held this before the call and after its storage
   * fee, and paid so much for gas; undefined: the state alone is compared.
   */
  readonly effect?: (heldNano: bigint, gasNano: bigint) => Effect
  /** It brings too little, perhaps: it may fail, and then nothing may have changed but coins kept. */
  readonly poorNano?: bigint
  /** Brings the model to the state after a success. */
  readonly apply: () => void | Promise<void>
}

/** A contract with its model; ends when its life is over. */
export interface Life {
  readonly isOver: boolean
  readonly address: Address
  balance(): Promise<bigint>
  next(dice: Dice): Step | Promise<Step>
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
/** Above the price of one message: what may stay when a call cannot pay for its own way back. */
const EXCESS_LOST_MAX_NANO = 500_000n

/**
 * Runs `operations` steps over as many lives as it takes.
 * @param tell after each life, how many are done
 * @throws Error naming seed, life and the steps before when model and contract differ
 */
export async function fuzz(
  begin: (life: number) => Promise<Life>,
  operations: number,
  dice: Dice,
  tell: (done: number) => void = () => undefined,
): Promise<FuzzReport> {
  const accepted: Record<string, number> = {}
  const refused: Record<string, number> = {}
  let done = 0
  let lives = 0
  while (done < operations) {
    const life = await begin(lives++)
    const steps: string[] = []
    for (let at = 0; at < STEPS_PER_LIFE && !life.isOver && done < operations; at++, done++) {
      try {
        const step = await life.next(dice)
        steps.push(`${step.kind}:${step.expected}`)
        const counts = (await take(life, step)) ? accepted : refused
        counts[step.kind] = (counts[step.kind] ?? 0) + 1
        await life.check()
      } catch (cause) {
        const trail = steps.slice(-12).join(' ')
        throw new Error(`seed ${dice.seed}, life ${lives}: after ${trail}: ${cause}`, { cause })
      }
    }
    tell(done)
  }
  return { operations: done, lives, accepted, refused }
}

/** Whether the step was accepted. */
async function take(life: Life, step: Step): Promise<boolean> {
  if (step.send === undefined) {
    await step.apply()
    return step.expected === 0
  }
  const before = await life.balance()
  const sent = await step.send()
  // What a contract without rent owes for storage, its caller pays.
  const held = maxOf(0n, before - storageFeesOf(sent, life.address))
  const kept = (await life.balance()) - held
  const effect = step.expected === 0 ? step.effect?.(held, sent.gasNano) : undefined
  if (step.poorNano !== undefined) return await takePoor(step, step.poorNano, effect, sent, kept)
  same('the exit code', sent.exitCode, step.expected)
  if (step.expected !== 0) {
    same('what a refused call leaves', kept, 0n)
    return false
  }
  if (!sent.success) throw new Error('the action phase failed')
  if (effect !== undefined) sameEffect(sent, kept, effect)
  await step.apply()
  return true
}

async function takePoor(
  step: Step,
  poorNano: bigint,
  effect: Effect | undefined,
  sent: Sent,
  kept: bigint,
): Promise<boolean> {
  const done = sent.success && step.expected === 0
  const least = done ? (effect?.keptNano ?? 0n) : 0n
  const most = done ? least + EXCESS_LOST_MAX_NANO : poorNano
  if (kept < least || kept > most) throw new Error(`a poor call of ${poorNano} left ${kept}`)
  if (done) await step.apply()
  return done
}

export function same(what: string, found: unknown, expected: unknown): void {
  if (found !== expected) throw new Error(`${what} is ${found}, the model says ${expected}`)
}

/** The exit code of the first rule that is broken; 0: none is. */
export function firstOf(rules: readonly (readonly [boolean, number])[]): number {
  return rules.find(([broken]) => broken)?.[1] ?? 0
}

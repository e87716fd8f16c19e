/**
 * Collateral, kept and renewed: refreshed at half of its life, refused at its end, never replaced by
 * an older one. Time is the caller's clock alone; sources are asked in order and believed in nothing.
 */
import type { CollateralFacts } from '#attestation/evidence/collateral-facts.ts'
import type { Clock } from '#protocol/clock.ts'
import { AttestationError, asCocoonError, UnavailableError } from '#protocol/errors.ts'
import { COLLATERAL_ENTRIES_MAX, COLLATERAL_RETRY_MS } from './constants.ts'
import type { CollateralFiles } from './files.ts'
import type { CollateralSource } from './source.ts'

export interface CollateralComponents<Need> {
  readonly clock: Clock
  readonly files: CollateralFiles
  readonly sources: readonly CollateralSource<Need>[]
  /** Name of the collateral that a need asks for, also of its file. */
  readonly keyOf: (need: Need) => string
  /** @throws CocoonError when the bytes are not good for this need now */
  readonly check: (bytes: Uint8Array, need: Need, nowMs: number) => CollateralFacts
  /** Told of each source that failed or lied. */
  readonly onTrouble?: (source: string, code: string, reason: string) => void
}

interface Kept {
  readonly bytes: Uint8Array
  readonly facts: CollateralFacts
}

export class CollateralCache<Need> {
  readonly #components: CollateralComponents<Need>
  readonly #memory = new Map<string, Kept>()
  readonly #refreshing = new Map<string, Promise<Kept>>()
  readonly #triedAtMs = new Map<string, number>()

  constructor(components: CollateralComponents<Need>) {
    this.#components = components
  }

  /**
   * Good collateral now. In the second half of its life it is renewed meanwhile, without waiting.
   * @throws UnavailableError COLLATERAL_UNAVAILABLE when none is kept, or what is kept has expired,
   * and no source has better
   */
  async get(need: Need): Promise<Uint8Array> {
    const kept = this.#kept(need)
    if (kept === undefined) return (await this.#refresh(need)).bytes
    if (this.#isPastHalf(kept.facts)) this.refresh(need).catch(() => undefined)
    return kept.bytes
  }

  /** What is kept and good now, for peers who ask; undefined: nothing. */
  peek(need: Need): Uint8Array | undefined {
    return this.#kept(need)?.bytes
  }

  /** By key, without a check: whoever gets it checks. */
  offered(key: string): Uint8Array | undefined {
    return this.#memory.get(key)?.bytes
  }

  /**
   * Asks the sources unless they were just asked.
   * @throws UnavailableError COLLATERAL_UNAVAILABLE
   */
  async refresh(need: Need): Promise<void> {
    const triedMs = this.#triedAtMs.get(this.#components.keyOf(need))
    const nowMs = this.#components.clock.nowMs()
    if (triedMs !== undefined && nowMs - triedMs < COLLATERAL_RETRY_MS) return
    await this.#refresh(need)
  }

  /**
   * Takes collateral that came with evidence or from a peer, when it is good and not older.
   * @throws CocoonError of the check, AttestationError COLLATERAL_ROLLED_BACK
   */
  accept(need: Need, bytes: Uint8Array): void {
    this.#keep(need, bytes)
  }

  #isPastHalf(facts: CollateralFacts): boolean {
    return this.#components.clock.nowMs() >= (facts.issuedMs + facts.expiresMs) / 2
  }

  /** Every look is a full check: a clock that moved, or a file that was changed, is noticed. */
  #kept(need: Need): Kept | undefined {
    const { clock, check, files, keyOf } = this.#components
    const key = keyOf(need)
    const present = this.#memory.get(key)
    if (present !== undefined && this.#isCurrent(present.facts)) return this.#touch(key, present)
    const bytes = present === undefined ? files.read(key) : undefined
    this.#memory.delete(key)
    if (bytes === undefined) return undefined
    try {
      const facts = check(bytes, need, clock.nowMs())
      if (facts.evaluationNumber < files.highest(key)) return undefined
      return this.#touch(key, { bytes, facts })
    } catch {
      return undefined
    }
  }

  #isCurrent({ issuedMs, expiresMs }: CollateralFacts): boolean {
    const nowMs = this.#components.clock.nowMs()
    return nowMs >= issuedMs && nowMs <= expiresMs
  }

  #touch(key: string, kept: Kept): Kept {
    this.#memory.delete(key)
    this.#memory.set(key, kept)
    const [oldest] = this.#memory.keys()
    if (this.#memory.size > COLLATERAL_ENTRIES_MAX && oldest !== undefined) {
      this.#memory.delete(oldest)
    }
    return kept
  }

  #refresh(need: Need): Promise<Kept> {
    const key = this.#components.keyOf(need)
    const running = this.#refreshing.get(key)
    if (running !== undefined) return running
    const fresh = this.#askSources(need).finally(() => this.#refreshing.delete(key))
    this.#refreshing.set(key, fresh)
    return fresh
  }

  async #askSources(need: Need): Promise<Kept> {
    const { clock, sources, check, keyOf, onTrouble } = this.#components
    const key = keyOf(need)
    this.#triedAtMs.delete(key)
    this.#triedAtMs.set(key, clock.nowMs())
    const [oldest] = this.#triedAtMs.keys()
    if (this.#triedAtMs.size > COLLATERAL_ENTRIES_MAX && oldest !== undefined) {
      this.#triedAtMs.delete(oldest)
    }
    const reasons: string[] = []
    for (const source of sources) {
      try {
        const judge = (bytes: Uint8Array) => void check(bytes, need, clock.nowMs())
        return this.#keep(need, await source.fetch(need, judge))
      } catch (thrown) {
        const error = asCocoonError(thrown)
        reasons.push(`${source.name}: ${error.message}`)
        onTrouble?.(source.name, error.code, error.message)
      }
    }
    throw new UnavailableError(
      'COLLATERAL_UNAVAILABLE',
      `no good collateral for ${key}: ${reasons.join('; ') || 'no source is configured'}`,
      { remedy: 'Check the connection to the PCCS, Intel PCS or AMD KDS, and the clock.' },
    )
  }

  /** Number first, then bytes: after a crash between the two nothing older can come back. */
  #keep(need: Need, bytes: Uint8Array): Kept {
    const { clock, check, files, keyOf } = this.#components
    const key = keyOf(need)
    const facts = check(bytes, need, clock.nowMs())
    const highest = files.highest(key)
    if (facts.evaluationNumber < highest) {
      throw new AttestationError(
        'COLLATERAL_ROLLED_BACK',
        `evaluation ${facts.evaluationNumber} after ${highest} was seen`,
      )
    }
    const present = this.#memory.get(key)
    const isOlder =
      present !== undefined &&
      this.#isCurrent(present.facts) &&
      present.facts.evaluationNumber >= facts.evaluationNumber &&
      present.facts.issuedMs > facts.issuedMs
    if (isOlder) return present
    files.raise(key, facts.evaluationNumber)
    files.write(key, bytes)
    return this.#touch(key, { bytes, facts })
  }
}

/**
 * Requests that found every provider full wait in line, so that none is passed by for ever: the first of
 * the line alone looks for room, and who comes later stands behind.
 */
import { sleep } from '#node/async.ts'
import type { Clock } from '#protocol/clock.ts'
import { BUSY_PAUSE_MS, BUSY_WAIT_MS } from '../constants.ts'

export class WaitingLines {
  readonly #clock: Clock
  readonly #lines = new Map<string, Line>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Requests that stand in a line now, of all kinds. */
  get size(): number {
    let size = 0
    for (const { waiting } of this.#lines.values()) size += waiting.length
    return size
  }

  /** A place that is not taken yet. @param kind requests of one kind wait for the same providers */
  placeFor(kind: string): Place {
    return new Place(
      this.#clock,
      () => {
        const line = this.#lines.get(kind) ?? new Line(this.#clock, () => this.#lines.delete(kind))
        this.#lines.set(kind, line)
        return line
      },
      () => this.#lines.has(kind),
    )
  }
}

/** There is one as long as somebody waits. */
class Line {
  readonly waiting: Place[] = []
  readonly #clock: Clock
  readonly #onEmpty: () => void
  servedAt: Moment

  constructor(clock: Clock, onEmpty: () => void) {
    this.#clock = clock
    this.#onEmpty = onEmpty
    this.servedAt = momentOf(clock)
  }

  remove(place: Place, isServed: boolean): void {
    const wasFirst = this.waiting[0] === place
    this.waiting.splice(this.waiting.indexOf(place), 1)
    if (isServed) this.servedAt = momentOf(this.#clock)
    const next = this.waiting[0]
    if (next === undefined) this.#onEmpty()
    else if (wasFirst) next.wake()
  }
}

export class Place {
  readonly #clock: Clock
  readonly #lineOf: () => Line
  readonly #isThereALine: () => boolean
  #line: Line | undefined
  #joinedAt: Moment | undefined
  #woken = Promise.withResolvers<void>()

  constructor(clock: Clock, lineOf: () => Line, isThereALine: () => boolean) {
    this.#clock = clock
    this.#lineOf = lineOf
    this.#isThereALine = isThereALine
  }

  /** Others wait already: whoever comes now stands behind them. */
  get isBehindOthers(): boolean {
    return this.#line === undefined && this.#isThereALine()
  }

  /**
   * Waits at the end of the line, or goes on waiting at its place. True: it is the first, and looks again;
   * false: BUSY_WAIT_MS went by in which nobody of the line was served.
   */
  async turn(signal: AbortSignal): Promise<boolean> {
    if (this.#line === undefined) {
      this.#line = this.#lineOf()
      this.#line.waiting.push(this)
      this.#joinedAt = momentOf(this.#clock)
    }
    do {
      if (this.#isLate(this.#line)) return false
      await this.#pause(signal)
    } while (this.#line.waiting[0] !== this)
    return true
  }

  wake(): void {
    this.#woken.resolve()
  }

  /** Idempotent. @param isServed a provider took the request */
  leave(isServed: boolean): void {
    this.#line?.remove(this, isServed)
    this.#line = undefined
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const done = new AbortController()
    const stop = AbortSignal.any([signal, done.signal])
    await Promise.race([this.#woken.promise, sleep(BUSY_PAUSE_MS, stop).catch(() => undefined)])
    done.abort()
    signal.throwIfAborted()
    this.#woken = Promise.withResolvers<void>()
  }

  #isLate({ servedAt }: Line): boolean {
    const nowAt = momentOf(this.#clock)
    const joinedAt = this.#joinedAt ?? nowAt
    const wallMs = nowAt.wallMs - Math.max(servedAt.wallMs, joinedAt.wallMs)
    const steadyMs = nowAt.steadyMs - Math.max(servedAt.steadyMs, joinedAt.steadyMs)
    return wallMs >= BUSY_WAIT_MS || steadyMs >= BUSY_WAIT_MS
  }
}

/** By both clocks: a wall clock that is set back must not make anybody wait for hours. */
interface Moment {
  readonly wallMs: number
  readonly steadyMs: number
}

function momentOf(clock: Clock): Moment {
  return { wallMs: clock.nowMs(), steadyMs: performance.now() }
}

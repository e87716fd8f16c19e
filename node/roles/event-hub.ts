/** One peer's events: to the owner that composed it, and to whoever listens through the local API. */
import type { Clock } from '#protocol/clock.ts'
import type { EmitEvent, NodeEvent } from './events.ts'

export class EventHub {
  readonly #listeners = new Set<(event: NodeEvent) => void>()
  readonly #clock: Clock
  readonly #peer: string
  readonly #owner: EmitEvent

  constructor(clock: Clock, peer: string, owner: EmitEvent) {
    this.#clock = clock
    this.#peer = peer
    this.#owner = owner
  }

  readonly emit: EmitEvent = (body) => {
    this.#owner(body)
    const event: NodeEvent = { atMs: this.#clock.nowMs(), peer: this.#peer, ...body }
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch {
        // A listener that cannot keep up is dropped; work never waits for a reader of events.
        this.#listeners.delete(listener)
      }
    }
  }

  /** Returns the function that stops listening. */
  listen(listener: (event: NodeEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

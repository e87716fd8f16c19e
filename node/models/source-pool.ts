/**
 * Sources at work on one pull: several at once, each until it has nothing more, lies or fails too often.
 * When all have gone and pieces are left, the network is searched again.
 */
import { asCocoonError, CocoonError, UnavailableError } from '#protocol/errors.ts'
import { doubling } from '../market/timing.ts'
import {
  SOURCE_FAULTS_MAX,
  SOURCE_PAUSE_FIRST_MS,
  SOURCE_PAUSE_MAX_MS,
  SOURCE_ROUNDS_MAX,
  SOURCES_MAX,
} from './constants.ts'
import { findSources } from './find-sources.ts'
import { PeerSource, SourceBusy, type SourceComponents, type SourcePeer } from './peer-source.ts'
import type { TellPull } from './pull-events.ts'
import type { Wait } from './retry.ts'

export interface PoolParts extends SourceComponents {
  readonly root: Uint8Array
  readonly wait: Wait
  readonly tell: TellPull
  readonly signal: AbortSignal
}

/**
 * Uses one source. True: it did something, and may do more; false: it has nothing for this task.
 * What it throws decides about the source: see SourcePool.
 */
export type UseSource = (source: PeerSource) => Promise<boolean>

export class SourcePool {
  readonly #parts: PoolParts
  /** Liars, for ever; those that fail too often. */
  readonly #dropped = new Set<string>()
  readonly #faults = new Map<string, number>()
  readonly #reasons = new Map<string, string>()
  /** Something failed that no other source can mend. */
  #isStopped = false

  constructor(parts: PoolParts) {
    this.#parts = parts
  }

  /**
   * Runs `use` with source after source, several at once, until `isDone`.
   * @throws UnavailableError MODEL_SOURCES_EXHAUSTED with the reasons
   * @throws what `use` throws that is no fault of a source: a full disk
   */
  async run(use: UseSource, isDone: () => boolean): Promise<void> {
    const { signal, wait, tell } = this.#parts
    const pauses = doubling(SOURCE_PAUSE_FIRST_MS, SOURCE_PAUSE_MAX_MS)
    for (let idle = 0; idle < SOURCE_ROUNDS_MAX; ) {
      const didSomething = await this.#round(use, isDone)
      signal.throwIfAborted()
      if (isDone()) return
      idle = didSomething ? 0 : idle + 1
      if (idle === SOURCE_ROUNDS_MAX) break
      const waitMs = pauses.next().value
      const reason = 'no source is left: searching again'
      tell({ kind: 'retry', what: 'sources', reason, waitMs })
      await wait(waitMs, signal)
    }
    throw this.#exhausted()
  }

  async #round(use: UseSource, isDone: () => boolean): Promise<boolean> {
    const search = new AbortController()
    const signal = AbortSignal.any([this.#parts.signal, search.signal])
    const running = new Set<Promise<void>>()
    const failures: unknown[] = []
    let didSomething = false
    for await (const peer of findSources(this.#parts, this.#parts.root, signal)) {
      if (this.#dropped.has(peer.peerId)) continue
      const one = this.#work(peer, use)
        .then((used) => {
          didSomething ||= used
        })
        .catch((error) => {
          failures.push(error)
          this.#isStopped = true
          search.abort()
        })
        .finally(() => {
          running.delete(one)
          if (isDone()) search.abort()
        })
      running.add(one)
      while (running.size >= SOURCES_MAX) await Promise.race(running)
      if (isDone() || failures.length > 0) break
    }
    await Promise.all(running)
    if (failures.length > 0) throw failures[0]
    return didSomething
  }

  /** True when it brought something. */
  async #work(peer: SourcePeer, use: UseSource): Promise<boolean> {
    const { signal, tell, wait } = this.#parts
    let didSomething = false
    while (!signal.aborted && !this.#dropped.has(peer.peerId)) {
      let source: PeerSource | undefined
      const onAbort = () => source?.abort()
      try {
        source = await PeerSource.open(this.#parts, peer, signal)
        signal.addEventListener('abort', onAbort, { once: true })
        if (!didSomething) tell({ kind: 'source', peerId: peer.peerId })
        while (!this.#isStopped && (await use(source))) didSomething = true
        await source.close()
        return didSomething
      } catch (error) {
        source?.abort()
        if (signal.aborted) return didSomething
        const waitMs = this.#judge(peer.peerId, error)
        if (waitMs === undefined) return didSomething
        await wait(waitMs, signal)
      } finally {
        signal.removeEventListener('abort', onAbort)
      }
    }
    return didSomething
  }

  /** How long to leave it alone; undefined: until the next round, or for ever. */
  #judge(peerId: string, thrown: unknown): number | undefined {
    if (!(thrown instanceof CocoonError) || thrown.code === 'MODEL_DISK_FULL') throw thrown
    const error = asCocoonError(thrown)
    this.#reasons.set(peerId, error.message)
    const faults = (this.#faults.get(peerId) ?? 0) + 1
    this.#faults.set(peerId, faults)
    if (error.kind === 'protocol' || faults >= SOURCE_FAULTS_MAX) {
      this.#dropped.add(peerId)
      this.#parts.tell({ kind: 'source-dropped', peerId, reason: error.message })
      return undefined
    }
    return error instanceof SourceBusy ? error.retryAfterMs : SOURCE_PAUSE_FIRST_MS
  }

  #exhausted(): UnavailableError {
    const reasons = [...this.#reasons].map(([peerId, reason]) => `${peerId}: ${reason}`)
    const detail = reasons.slice(0, 8).join('; ') || 'nobody hands it out'
    return new UnavailableError('MODEL_SOURCES_EXHAUSTED', `no source is left: ${detail}`, {
      remedy: 'Run it again later: it goes on where it stopped.',
    })
  }
}

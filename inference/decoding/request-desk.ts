/**
 * The reader's side of an engine: checks requests, admits them to slots, and turns what the
 * backend delivers into a stream that is never more than a window ahead of its reader.
 */
import type { Clock } from '#protocol/clock.ts'
import { type CocoonError, ConfigError, UnavailableError } from '#protocol/errors.ts'
import { ENGINE_CREDIT_STEP_EVENTS, ENGINE_QUEUE_MAX } from '../constants.ts'
import type { EngineLoad, GenerateEvent, GenerateRequest } from '../engine.ts'
import type { DecodingRequest } from './decoding-request.ts'
import { FairQueue } from './fair-queue.ts'
import { checkRequest, type RequestLimits } from './request-limits.ts'

/** Whoever decodes. For each started id it delivers events up to one `end`, or one failure. */
export interface DecodingBackend {
  start(id: number, request: DecodingRequest): void
  credit(id: number, events: number): void
  /** Answered by an `end` like any other. */
  cancel(id: number): void
}

interface Ticket {
  readonly id: number
  readonly request: GenerateRequest
  readonly delivered: GenerateEvent[]
  state: 'queued' | 'active' | 'over'
  /** As its owner was told last. */
  ahead: number | undefined
  error: CocoonError | undefined
  wake: () => void
}

export interface DeskLimits extends RequestLimits {
  readonly slotsTotal: number
}

/** Calls back after so many milliseconds, once, unless the returned function is called before. */
export type Alarm = (delayMs: number, ring: () => void) => () => void

export interface DeskTime {
  readonly clock: Clock
  /** Without one a deadline is noticed at the next event of any request. */
  readonly alarm?: Alarm | undefined
}

const TIMELESS: DeskTime = { clock: { nowMs: () => 0 } }

export class RequestDesk {
  readonly #limits: DeskLimits
  readonly #backend: DecodingBackend
  readonly #time: DeskTime
  readonly #active = new Map<number, Ticket>()
  readonly #queue = new FairQueue<Ticket>()
  #nextId = 1
  #disarm: () => void = () => {}

  /** @param time Without it requests wait as long as it takes, whatever they ask for. */
  constructor(limits: DeskLimits, backend: DecodingBackend, time: DeskTime = TIMELESS) {
    this.#limits = limits
    this.#backend = backend
    this.#time = time
  }

  load(): EngineLoad {
    this.#expire()
    return { active: this.#active.size, queued: this.#queue.length }
  }

  /** See Engine.generate. */
  async *generate(request: GenerateRequest): AsyncGenerator<GenerateEvent, void, undefined> {
    checkRequest(request, this.#limits)
    if (request.signal.aborted) {
      yield { kind: 'end', finish: 'cancelled' }
      return
    }
    const ticket = this.#admit(request)
    const cancel = () => this.#cancel(ticket)
    request.signal.addEventListener('abort', cancel, { once: true })
    try {
      yield* this.#read(ticket)
    } finally {
      request.signal.removeEventListener('abort', cancel)
      cancel()
    }
  }

  deliver(id: number, event: GenerateEvent): void {
    const ticket = this.#active.get(id)
    if (ticket === undefined) return
    ticket.delivered.push(event)
    if (event.kind === 'end') this.#release(ticket)
    ticket.wake()
    if (this.#time.alarm === undefined) this.#expire()
  }

  fail(id: number, error: CocoonError): void {
    const ticket = this.#active.get(id)
    if (ticket === undefined) return
    ticket.error = error
    this.#release(ticket)
    ticket.wake()
  }

  /** The backend is gone: tells everybody, also those who still wait. */
  failAll(error: CocoonError): void {
    const tickets = [...this.#active.values(), ...this.#queue.takeAll()]
    this.#active.clear()
    this.#disarm()
    for (const ticket of tickets) {
      ticket.error = error
      ticket.state = 'over'
      tellPlace(ticket, undefined)
      ticket.wake()
    }
  }

  #admit(request: GenerateRequest): Ticket {
    this.#expire()
    const isFree = this.#active.size < this.#limits.slotsTotal
    if (!isFree && this.#queue.length >= ENGINE_QUEUE_MAX) {
      throw new UnavailableError('ENGINE_BUSY', 'every slot is in use and the queue is full', {
        remedy: 'Try again in a few seconds, or use another provider.',
        data: { active: this.#active.size, queued: this.#queue.length },
      })
    }
    const ticket: Ticket = {
      id: this.#nextId++,
      request,
      delivered: [],
      state: 'queued',
      ahead: undefined,
      error: undefined,
      wake: () => {},
    }
    if (isFree) this.#activate(ticket)
    else this.#enqueue(ticket)
    return ticket
  }

  #enqueue(ticket: Ticket): void {
    const { priority = 0, queueTimeoutMs = Number.POSITIVE_INFINITY } = ticket.request
    const sinceMs = this.#time.clock.nowMs()
    this.#queue.add(ticket, { priority, sinceMs, deadlineMs: sinceMs + queueTimeoutMs })
    this.#tellPlaces()
    this.#arm()
  }

  /**
   * Ends those who waited past their deadline.
   * @param rungForMs the deadline for which the alarm rings: it is over, even if the clock was set back, or is a
   *   little behind the alarm
   */
  #expire(rungForMs = Number.NEGATIVE_INFINITY): void {
    if (this.#queue.nextDeadlineMs === Number.POSITIVE_INFINITY) return
    const expired = this.#queue.takeExpired(Math.max(rungForMs, this.#time.clock.nowMs()))
    for (const ticket of expired) {
      ticket.state = 'over'
      ticket.error = waitedTooLong()
      tellPlace(ticket, undefined)
      ticket.wake()
    }
    if (expired.length === 0) return
    this.#tellPlaces()
    this.#arm()
  }

  #arm(): void {
    this.#disarm()
    const atMs = this.#queue.nextDeadlineMs
    if (this.#time.alarm === undefined || atMs === Number.POSITIVE_INFINITY) return
    const delayMs = Math.max(0, atMs - this.#time.clock.nowMs())
    this.#disarm = this.#time.alarm(delayMs, () => this.#expire(atMs))
  }

  #tellPlaces(): void {
    for (const [ahead, ticket] of this.#queue.inOrder().entries()) tellPlace(ticket, ahead)
  }

  #activate(ticket: Ticket): void {
    ticket.state = 'active'
    this.#active.set(ticket.id, ticket)
    tellPlace(ticket, undefined)
    const { signal: _, priority: _p, queueTimeoutMs: _q, onQueue: _o, ...request } = ticket.request
    this.#backend.start(ticket.id, request)
  }

  #release(ticket: Ticket): void {
    ticket.state = 'over'
    this.#active.delete(ticket.id)
    this.#expire()
    const next = this.#active.size < this.#limits.slotsTotal ? this.#queue.takeNext() : undefined
    if (next === undefined) return
    this.#activate(next)
    this.#tellPlaces()
  }

  /** An active request frees its slot when the backend confirms, a waiting one at once. */
  #cancel(ticket: Ticket): void {
    if (ticket.state === 'active') this.#backend.cancel(ticket.id)
    if (ticket.state !== 'queued') return
    this.#queue.remove(ticket)
    tellPlace(ticket, undefined)
    this.#tellPlaces()
    this.#arm()
    ticket.state = 'over'
    ticket.delivered.push({ kind: 'end', finish: 'cancelled' })
    ticket.wake()
  }

  async *#read(ticket: Ticket): AsyncGenerator<GenerateEvent, void, undefined> {
    let taken = 0
    for (;;) {
      const event = ticket.delivered.shift()
      if (event === undefined) {
        if (ticket.error !== undefined) throw ticket.error
        await new Promise<void>((resolve) => {
          ticket.wake = resolve
        })
        continue
      }
      if (event.kind !== 'end' && ++taken % ENGINE_CREDIT_STEP_EVENTS === 0) {
        this.#backend.credit(ticket.id, ENGINE_CREDIT_STEP_EVENTS)
      }
      yield event
      if (event.kind === 'end') return
    }
  }
}

function tellPlace(ticket: Ticket, ahead: number | undefined): void {
  if (ticket.ahead === ahead) return
  ticket.ahead = ahead
  ticket.request.onQueue?.(ahead)
}

function waitedTooLong(): UnavailableError {
  return new UnavailableError('QUEUE_DEADLINE', 'the request waited for a slot past its deadline', {
    remedy: 'Try again later, use another provider, or allow a longer wait.',
  })
}

/** For a backend that is closed on purpose. */
export function engineClosed(): ConfigError {
  return new ConfigError('ENGINE_CLOSED', 'the engine was closed', {
    remedy: 'Create a new engine.',
  })
}

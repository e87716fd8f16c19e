/**
 * The reader's side of an engine: checks requests, admits them to slots, and turns what the
 * backend delivers into a stream that is never more than a window ahead of its reader.
 */
import { type CocoonError, ConfigError, UnavailableError } from '#protocol/errors.ts'
import { ENGINE_CREDIT_STEP_EVENTS, ENGINE_QUEUE_MAX } from '../constants.ts'
import type { EngineLoad, GenerateEvent, GenerateRequest } from '../engine.ts'
import type { DecodingRequest } from './generation.ts'
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
  error: CocoonError | undefined
  wake: () => void
}

export interface DeskLimits extends RequestLimits {
  readonly slotsTotal: number
}

export class RequestDesk {
  readonly #limits: DeskLimits
  readonly #backend: DecodingBackend
  readonly #active = new Map<number, Ticket>()
  readonly #queue: Ticket[] = []
  #nextId = 1

  constructor(limits: DeskLimits, backend: DecodingBackend) {
    this.#limits = limits
    this.#backend = backend
  }

  load(): EngineLoad {
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
    const tickets = [...this.#active.values(), ...this.#queue]
    this.#active.clear()
    this.#queue.length = 0
    for (const ticket of tickets) {
      ticket.error = error
      ticket.state = 'over'
      ticket.wake()
    }
  }

  #admit(request: GenerateRequest): Ticket {
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
      error: undefined,
      wake: () => {},
    }
    if (isFree) this.#activate(ticket)
    else this.#queue.push(ticket)
    return ticket
  }

  #activate(ticket: Ticket): void {
    ticket.state = 'active'
    this.#active.set(ticket.id, ticket)
    const { signal: _, ...request } = ticket.request
    this.#backend.start(ticket.id, request)
  }

  #release(ticket: Ticket): void {
    ticket.state = 'over'
    this.#active.delete(ticket.id)
    const next = this.#active.size < this.#limits.slotsTotal ? this.#queue.shift() : undefined
    if (next !== undefined) this.#activate(next)
  }

  /** An active request frees its slot when the backend confirms, a waiting one at once. */
  #cancel(ticket: Ticket): void {
    if (ticket.state === 'active') this.#backend.cancel(ticket.id)
    if (ticket.state !== 'queued') return
    this.#queue.splice(this.#queue.indexOf(ticket), 1)
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

/** For a backend that is closed on purpose. */
export function engineClosed(): ConfigError {
  return new ConfigError('ENGINE_CLOSED', 'the engine was closed', {
    remedy: 'Create a new engine.',
  })
}

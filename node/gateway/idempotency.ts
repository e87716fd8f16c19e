/**
 * `Idempotency-Key`: the same call sent again gets the same answer and is paid once. Answers are
 * private, so they are kept in this process's memory only, few, small and for an hour.
 */
import { createHash } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'
import type { Clock } from '#protocol/clock.ts'
import { ConfigError, UnavailableError } from '#protocol/errors.ts'
import type { GatewayEnvironment } from './app-types.ts'
import {
  IDEMPOTENCY_ANSWER_BYTES_MAX,
  IDEMPOTENCY_ANSWERS_MAX,
  IDEMPOTENCY_BYTES_MAX,
  IDEMPOTENCY_KEY_CHARS_MAX,
  IDEMPOTENCY_LIFE_MS,
} from './constants.ts'
import { SSE_DONE } from './sse.ts'

interface Entry {
  readonly bodyHash: string
  readonly atMs: number
  /** Undefined while the first call runs. */
  answer: KeptAnswer | undefined
}

interface KeptAnswer {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Uint8Array<ArrayBuffer>
}

/** Calls without the header pass; it is looked at after the caller is known, each caller apart. */
export function idempotency(clock: Clock): MiddlewareHandler<GatewayEnvironment> {
  const entries = new Map<string, Entry>()
  return async (context, next) => {
    const given = context.req.header('idempotency-key')
    if (given === undefined || context.req.method !== 'POST') return next()
    if (!/^[\x21-\x7e]+$/.test(given) || given.length > IDEMPOTENCY_KEY_CHARS_MAX) {
      throw keyInvalid()
    }
    const nowMs = clock.nowMs()
    dropOld(entries, nowMs)
    const name = JSON.stringify([context.get('caller').account, context.req.path, given])
    const bodyHash = createHash('sha256')
      .update(new Uint8Array(await context.req.arrayBuffer()))
      .digest('base64')
    const known = entries.get(name)
    if (known !== undefined) {
      if (known.bodyHash !== bodyHash) throw bodyDiffers()
      if (known.answer === undefined) throw stillRunning()
      const { status, headers, body } = known.answer
      context.res = new Response(body, {
        status,
        headers: [...headers.map(([key, value]): [string, string] => [key, value])],
      })
      context.res.headers.set('idempotent-replayed', 'true')
      return
    }
    const entry: Entry = { bodyHash, atMs: nowMs, answer: undefined }
    entries.set(name, entry)
    const forget = (): void => {
      if (entries.get(name) === entry) entries.delete(name)
    }
    await next()
    if (!context.res.ok || context.res.body === null) return forget()
    const { status, headers } = context.res
    const kept = [...headers.entries()]
    const recorded = recording(context.res.body, (body) => {
      if (body === undefined || !isWhole(headers, body)) return forget()
      entry.answer = { status, headers: kept, body }
    })
    context.res = new Response(recorded, { status, headers: kept })
  }
}

/** Passes a body on as it is read; `onEnd` gets all of it, or undefined: it was cut or too large. */
function recording(
  body: ReadableStream<Uint8Array>,
  onEnd: (body: Uint8Array<ArrayBuffer> | undefined) => void,
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  const parts: Uint8Array[] = []
  let bytes = 0
  return new ReadableStream(
    {
      async pull(controller) {
        const next = await reader.read().catch((cause: unknown) => {
          onEnd(undefined)
          throw cause
        })
        if (next.done) {
          onEnd(bytes <= IDEMPOTENCY_ANSWER_BYTES_MAX ? joined(parts) : undefined)
          controller.close()
          return
        }
        bytes += next.value.length
        if (bytes <= IDEMPOTENCY_ANSWER_BYTES_MAX) parts.push(next.value)
        else parts.length = 0
        controller.enqueue(next.value)
      },
      async cancel(reason) {
        onEnd(undefined)
        await reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}

/** An event stream that broke off ended with an error: sent again, the call must run again. */
function isWhole(headers: Headers, body: Uint8Array): boolean {
  if (!headers.get('content-type')?.startsWith('text/event-stream')) return true
  const text = new TextDecoder().decode(body)
  if (text.endsWith(SSE_DONE)) return true
  const last = text.lastIndexOf('event: ')
  return /^event: response\.(completed|incomplete)\n/.test(text.slice(last))
}

/** Past their time, then the oldest, until the rest fits. Running calls are bounded elsewhere. */
function dropOld(entries: Map<string, Entry>, nowMs: number): void {
  const sizeOf = (entry: Entry): number => entry.answer?.body.length ?? 0
  let bytes = [...entries.values()].reduce((sum, entry) => sum + sizeOf(entry), 0)
  for (const [name, entry] of entries) {
    const isOld = nowMs - entry.atMs > IDEMPOTENCY_LIFE_MS
    const isTooMuch = entries.size > IDEMPOTENCY_ANSWERS_MAX || bytes > IDEMPOTENCY_BYTES_MAX
    if (entry.answer === undefined || !(isOld || isTooMuch)) continue
    entries.delete(name)
    bytes -= sizeOf(entry)
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts))
}

function keyInvalid(): ConfigError {
  return new ConfigError('IDEMPOTENCY_KEY_INVALID', 'the idempotency key is no short plain text', {
    remedy: `Send up to ${IDEMPOTENCY_KEY_CHARS_MAX} visible ASCII characters, such as a UUID.`,
  })
}

function bodyDiffers(): ConfigError {
  return new ConfigError('IDEMPOTENCY_BODY_DIFFERS', 'this key was used with another body', {
    remedy: 'Use a new idempotency key for a new request.',
  })
}

function stillRunning(): UnavailableError {
  return new UnavailableError('IDEMPOTENCY_RUNNING', 'the first call with this key still runs', {
    remedy: 'Wait, then send it again: it gets the same answer.',
    data: { retryAfterMs: 1_000 },
  })
}

/** Server-sent events (WHATWG HTML, section 9.2) from a stranger's server: bounded lines, bounded whole. */
import { UPSTREAM_LINE_BYTES_MAX } from './constants.ts'
import { endedEarly, malformed, timedOut } from './errors.ts'
import type { UpstreamAccess } from './http.ts'

const NEWLINE = 0x0a

export interface StreamLimits {
  /** Whole stream, bytes. */
  readonly bytesMax: number
  /** Grows with an event that brought something: only then does the clock begin anew. */
  readonly moves: () => number
}

/**
 * The data of each event. After one that brought something the clock begins when the reader of this
 * generator comes back, so that a slow one does not make the server late. Leaving the loop closes the
 * connection.
 * @throws UnavailableError UPSTREAM_TIMEOUT, UPSTREAM_MALFORMED, UPSTREAM_ENDED
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  access: Pick<UpstreamAccess, 'timeouts' | 'timeoutSignal'>,
  { bytesMax, moves }: StreamLimits,
): AsyncGenerator<string> {
  const reader = body.getReader()
  const lines = new LineBuffer()
  let hasBegun = false
  let bytes = 0
  let event = new EventBuffer()
  // One clock from move to move, whatever else arrives: neither comments nor events that say nothing keep
  // anybody waiting for ever.
  let clock = phaseClock(access, hasBegun)
  try {
    for (;;) {
      const chunk = await readInTime(reader, clock)
      if (chunk === undefined) return
      bytes += chunk.length
      if (bytes > bytesMax) throw malformed('a stream beyond every size')
      for (const line of lines.push(chunk)) {
        if (line === '' && !event.isEmpty) {
          const before = moves()
          yield event.data
          event = new EventBuffer()
          if (moves() === before) continue
          hasBegun = true
          clock = phaseClock(access, hasBegun)
        } else if (line.startsWith('data:')) event.add(line.slice(line[5] === ' ' ? 6 : 5))
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

interface PhaseClock {
  readonly phase: 'first-token' | 'idle'
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

function phaseClock(
  { timeouts, timeoutSignal }: Pick<UpstreamAccess, 'timeouts' | 'timeoutSignal'>,
  hasBegun: boolean,
): PhaseClock {
  const timeoutMs = hasBegun ? timeouts.idleMs : timeouts.firstTokenMs
  return { phase: hasBegun ? 'idle' : 'first-token', timeoutMs, signal: timeoutSignal(timeoutMs) }
}

/** Undefined at the end of the body. */
async function readInTime(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  { phase, timeoutMs, signal }: PhaseClock,
): Promise<Uint8Array | undefined> {
  const late = Promise.withResolvers<'late'>()
  const onAbort = () => late.resolve('late')
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  try {
    const read = reader.read().catch(() => 'broken' as const)
    const result = await Promise.race([read, late.promise])
    if (result === 'late') throw timedOut(phase, timeoutMs)
    if (result === 'broken') throw endedEarly()
    return result.done ? undefined : result.value
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** The data lines of one event, together no longer than one line may be. */
class EventBuffer {
  readonly #lines: string[] = []
  #chars = 0

  get isEmpty(): boolean {
    return this.#lines.length === 0
  }

  get data(): string {
    return this.#lines.join('\n')
  }

  add(line: string): void {
    this.#chars += line.length + 1
    if (this.#chars > UPSTREAM_LINE_BYTES_MAX) throw malformed('an event beyond every size')
    this.#lines.push(line)
  }
}

const LINE_BUFFER_BYTES = 4_096

/** Bytes in, whole lines out; LF or CR LF. One buffer, so that a line in single bytes costs no more. */
class LineBuffer {
  #buffer = new Uint8Array(LINE_BUFFER_BYTES)
  #bytes = 0

  push(chunk: Uint8Array): string[] {
    const lines: string[] = []
    let from = 0
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      this.#keep(chunk.subarray(from, at))
      lines.push(this.#take())
      from = at + 1
    }
    this.#keep(chunk.subarray(from))
    return lines
  }

  #keep(part: Uint8Array): void {
    const bytes = this.#bytes + part.length
    if (bytes > UPSTREAM_LINE_BYTES_MAX) throw malformed('a line beyond every size')
    if (bytes > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(bytes, 2 * this.#buffer.length))
      larger.set(this.#buffer.subarray(0, this.#bytes))
      this.#buffer = larger
    }
    this.#buffer.set(part, this.#bytes)
    this.#bytes = bytes
  }

  #take(): string {
    const line = this.#buffer.subarray(0, this.#bytes)
    this.#bytes = 0
    const text = textOf(line)
    return text.endsWith('\r') ? text.slice(0, -1) : text
  }
}

function textOf(line: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { ignoreBOM: true, fatal: true }).decode(line)
  } catch {
    throw malformed('bytes that are not UTF-8')
  }
}

/** Server-sent events (WHATWG HTML, section 9.2) from a stranger's server: bounded lines, bounded whole. */
import { UPSTREAM_LINE_BYTES_MAX } from './constants.ts'
import { endedEarly, malformed, timedOut } from './errors.ts'
import type { UpstreamAccess } from './http.ts'

const NEWLINE = 0x0a

export interface StreamLimits {
  /** Whole stream, bytes. */
  readonly bytesMax: number
}

/**
 * The data of each event. The clock runs while the server is waited for, not while the reader of this
 * generator thinks. Leaving the loop closes the connection.
 * @throws UnavailableError UPSTREAM_TIMEOUT, UPSTREAM_MALFORMED, UPSTREAM_ENDED
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  access: Pick<UpstreamAccess, 'timeouts' | 'timeoutSignal'>,
  { bytesMax }: StreamLimits,
): AsyncGenerator<string> {
  const reader = body.getReader()
  const lines = new LineBuffer()
  let hasBegun = false
  let bytes = 0
  let data: string[] = []
  // One clock for each event, whatever else arrives before it: comments keep nobody waiting for ever.
  let clock = phaseClock(access, hasBegun)
  try {
    for (;;) {
      const chunk = await readInTime(reader, clock)
      if (chunk === undefined) return
      bytes += chunk.length
      if (bytes > bytesMax) throw malformed('a stream beyond every size')
      for (const line of lines.push(chunk)) {
        if (line === '' && data.length > 0) {
          hasBegun = true
          yield data.join('\n')
          data = []
          clock = phaseClock(access, hasBegun)
        } else if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5))
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

/** Bytes in, whole lines out; LF or CR LF. */
class LineBuffer {
  #parts: Uint8Array[] = []
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
    this.#bytes += part.length
    if (this.#bytes > UPSTREAM_LINE_BYTES_MAX) throw malformed('a line beyond every size')
    if (part.length > 0) this.#parts.push(part)
  }

  #take(): string {
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(joined(this.#parts))
    this.#parts = []
    this.#bytes = 0
    return text.endsWith('\r') ? text.slice(0, -1) : text
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts
  if (parts.length === 1 && only !== undefined) return only
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

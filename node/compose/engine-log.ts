/** How loud the engine's events are: at the default level an owner hears what costs speed or answers. */
import type { ErrorData } from '#protocol/errors.ts'

/** Slower than it could be, and started anew; a crash while nobody asks is told by nothing else. */
const LOUD_EVENTS: ReadonlySet<string> = new Set(['engine falls back', 'engine crashed'])

interface Levels {
  warn(data: ErrorData, event: string): void
  info(data: ErrorData, event: string): void
}

/** The `log` option of an engine. */
export function engineLog(log: Levels): (event: string, data: ErrorData) => void {
  return (event, data) => log[LOUD_EVENTS.has(event) ? 'warn' : 'info'](data, event)
}

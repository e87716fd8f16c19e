/** How loud the engine's events are: at the default level an owner hears only what costs speed or answers. */
import type { ErrorData } from '#protocol/errors.ts'

/** Slower than it could be, and started anew. */
const LOUD_EVENTS: ReadonlySet<string> = new Set(['engine falls back', 'engine crashed'])

interface Levels {
  warn(data: ErrorData, event: string): void
  info(data: ErrorData, event: string): void
}

/** The `log` option of an engine. */
export function engineLog(log: Levels): (event: string, data: ErrorData) => void {
  return (event, data) => {
    if (LOUD_EVENTS.has(event)) log.warn(data, event)
    else log.info(data, event)
  }
}

/** How loud the engine's events are: at the default level an owner hears what costs speed. */
import type { ErrorData } from '#protocol/errors.ts'

/** Slower than it could be. A crash is told as an event of the provider already. */
const LOUD_EVENT = 'engine falls back'

interface Levels {
  warn(data: ErrorData, event: string): void
  info(data: ErrorData, event: string): void
}

/** The `log` option of an engine. */
export function engineLog(log: Levels): (event: string, data: ErrorData) => void {
  return (event, data) => log[event === LOUD_EVENT ? 'warn' : 'info'](data, event)
}

/** Ends work of a stranger's making (a template, a regular expression) that does not end by itself. */
import { createContext, Script } from 'node:vm'

const call = new Script('work()')
/** One for all: a context takes a millisecond to make, and there is nothing in it but the function. */
const context = createContext({ work: () => {} })

/**
 * Runs the function on this thread; V8 itself breaks it off where it stands, in a loop or in a regular
 * expression. Memory that it took is given back, what it changed outside of itself stays changed.
 * @throws what the function throws; an Error that isTimeOver knows when the time is over
 */
export function withinTime<T>(timeoutMs: number, work: () => T): T {
  let result: { readonly value: T } | undefined
  context['work'] = () => {
    result = { value: work() }
  }
  try {
    call.runInContext(context, { timeout: timeoutMs })
  } finally {
    context['work'] = undefined
  }
  if (result === undefined) throw new Error('nothing was run')
  return result.value
}

export function isTimeOver(thrown: unknown): boolean {
  const { code } = (thrown ?? {}) as { readonly code?: unknown }
  // Node's word for it, among its errors of scripts.
  return typeof code === 'string' && /^err_script.*timeout$/i.test(code)
}

/** An engine whose answers can be held half-way, so that a crash meets every one of them, however fast it was decoded. */
import { once } from 'node:events'
import type { Engine } from '#inference/engine.ts'

/** Tokens of an answer that is held: enough for its reader to see some. */
const HELD_AFTER_TOKENS = 16

/** @param areHeld asked at each token; a held answer goes no further, and ends by its cancellation alone */
export function holdingGenerate(engine: Engine, areHeld: () => boolean): Engine['generate'] {
  const generate = engine.generate.bind(engine)
  return async function* (request) {
    const { signal } = request
    let tokens = 0
    for await (const event of generate(request)) {
      if (event.kind === 'token' && ++tokens > HELD_AFTER_TOKENS && areHeld()) {
        if (!signal.aborted) await once(signal, 'abort')
        yield { kind: 'end', finish: 'cancelled' }
        return
      }
      yield event
    }
  }
}

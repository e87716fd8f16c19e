/** Looks at a server now and then, so that an offer does not outlive what it offers. */
import type { UpstreamEngine } from '#inference/upstream/upstream-engine.ts'
import { UPSTREAM_CHECK_EVERY_MS } from '../roles/constants.ts'

/** @returns looks at once, for whoever knows that something changed */
export function watchUpstream(
  engine: UpstreamEngine,
  cleanup: AsyncDisposableStack,
  onChange: () => void,
): () => void {
  let before = engine.state
  const look = () =>
    void engine
      .check()
      .catch(() => undefined)
      .finally(() => {
        if (engine.state !== before) onChange()
        before = engine.state
      })
  const timer = setInterval(look, UPSTREAM_CHECK_EVERY_MS)
  cleanup.defer(() => clearInterval(timer))
  return look
}

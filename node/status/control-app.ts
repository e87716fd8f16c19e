/** What the control socket answers: `GET /status`, `POST /drain`, and what a role adds. */
import { Hono } from 'hono'
import { toJson } from '#node/gateway/json.ts'
import type { PeerStatus } from './status-document.ts'

export interface ControlActions {
  readonly status: () => PeerStatus
  /** Begins to drain; running work goes on after the answer. */
  readonly drain: () => void
}

/** @param extra routes of a role, under their own names */
export function controlApp({ status, drain }: ControlActions, extra?: Hono): Hono {
  const app = new Hono()
  const answer = (document: unknown, code = 200): Response =>
    new Response(toJson(document), {
      status: code,
      headers: { 'content-type': 'application/json' },
    })
  app.get('/status', () => answer(status()))
  app.post('/drain', () => {
    drain()
    return answer(status(), 202)
  })
  if (extra !== undefined) app.route('/', extra)
  return app
}

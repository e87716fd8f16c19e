/** `GET /audit` on a peer's control socket: what `cocoon channels audit` asks while the peer runs. */
import { Hono } from 'hono'
import type { AuditReport } from '#node/audit/report.ts'
import { jsonResponse } from '#node/gateway/json.ts'

export function auditRoute(peer: { audit(): Promise<AuditReport> }): Hono {
  const routes = new Hono()
  routes.get('/audit', async () => jsonResponse(await peer.audit()))
  return routes
}

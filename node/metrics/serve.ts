/** `/metrics` over HTTP: on a client's gateway, or on a loopback port of a provider's own. */
import { Hono } from 'hono'
import { requireOwner } from '#node/gateway/access.ts'
import type { GatewayApp } from '#node/gateway/app-types.ts'
import { pageGuard } from '#node/gateway/guard.ts'
import { type RunningGateway, serveGateway } from '#node/gateway/serve.ts'
import type { PeerMetrics } from './peer-metrics.ts'

/** On the gateway: what a peer does is its owner's to see. @throws ConfigError OWNER_REQUIRED */
export function metricsRoute(app: GatewayApp, metrics: PeerMetrics): void {
  app.get('/metrics', (context) => {
    requireOwner(context.get('caller'))
    return metricsResponse(metrics)
  })
}

/** Prometheus' text exposition format 0.0.4. */
async function metricsResponse(metrics: PeerMetrics): Promise<Response> {
  return new Response(await metrics.text(), { headers: { 'content-type': metrics.contentType } })
}

/**
 * @param port of 127.0.0.1; 0 for any free one
 * @throws ConfigError PORT_TAKEN
 */
export function serveMetrics(metrics: PeerMetrics, port: number): Promise<RunningGateway> {
  const app = new Hono()
  app.use(pageGuard({ corsOrigins: [], isExposed: false }))
  app.get('/metrics', () => metricsResponse(metrics))
  return serveGateway({ app, host: '127.0.0.1', port })
}

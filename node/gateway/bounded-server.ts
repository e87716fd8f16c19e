/** An HTTP server with the limits that every server of a node has, whatever it listens on. */
import type { Server } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'
import type { Hono } from 'hono'
import { API_CONNECTIONS_MAX, API_HEADER_BYTES_MAX, HEADERS_TIMEOUT_MS } from './constants.ts'

export function boundedServer({ fetch }: Pick<Hono, 'fetch'>): Server {
  const server = createAdaptorServer({
    fetch,
    serverOptions: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: 3 * HEADERS_TIMEOUT_MS,
      maxHeaderSize: API_HEADER_BYTES_MAX,
    },
  }) as Server
  server.maxConnections = API_CONNECTIONS_MAX
  return server
}

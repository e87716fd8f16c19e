/** The gateway's application, and what its handlers find in their context. */
import type { Context, Hono } from 'hono'
import type { Caller } from './access.ts'

export interface GatewayEnvironment {
  Variables: { caller: Caller }
}

export type GatewayApp = Hono<GatewayEnvironment>
export type GatewayContext = Context<GatewayEnvironment>

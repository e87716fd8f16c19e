/** The HTTP gateway of a client: an OpenAI-compatible API and the local API, on loopback. */
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { Logger } from 'pino'
import type { ClientService } from '#node/roles/client-service.ts'
import type { Clock } from '#protocol/clock.ts'
import { asCocoonError, ConfigError } from '#protocol/errors.ts'
import { chatHandler } from './chat.ts'
import { CHAT_BODY_BYTES_MAX, FINISHED_REQUESTS_MAX } from './constants.ts'
import { loopbackOnly } from './guard.ts'
import { errorResponse } from './http-error.ts'
import { localApiRoutes, tooLarge } from './local-api.ts'
import { modelRoutes } from './models.ts'
import { createRequestLog } from './request-log.ts'

export interface GatewayOptions {
  readonly service: ClientService
  readonly log: Logger
  readonly clock: Clock
  /** Version of this program, shown by /api/v1/status. */
  readonly version: string
}

export function createGateway({ service, log, clock, version }: GatewayOptions): Hono {
  const app = new Hono()
  const requests = createRequestLog(FINISHED_REQUESTS_MAX)
  app.use(loopbackOnly())
  modelRoutes(app, service)
  app.post(
    '/v1/chat/completions',
    bodyLimit({ maxSize: CHAT_BODY_BYTES_MAX, onError: () => errorResponse(tooLarge()) }),
    chatHandler({ service, log, clock, requests }),
  )
  localApiRoutes(app, { service, requests, version })
  app.notFound(() => errorResponse(unknownPath()))
  app.onError((thrown) => {
    const error = asCocoonError(thrown)
    // `cause` may be a stranger's message; the code says what happened.
    log.warn({ code: error.code, name: thrown.name }, 'request failed')
    return errorResponse(error)
  })
  return app
}

function unknownPath(): ConfigError {
  return new ConfigError('NOT_FOUND', 'this server has no such path', {
    remedy: 'The paths are /v1/models, /v1/chat/completions and /api/v1/*.',
  })
}

/** The HTTP gateway of a client: an OpenAI-compatible API and the local API. */
import { randomBytes } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { Hono, type MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { Logger } from 'pino'
import { KeyStore } from '#node/keys/key-store.ts'
import type { ClientService } from '#node/roles/client-service.ts'
import type { Clock } from '#protocol/clock.ts'
import { asCocoonError, ConfigError } from '#protocol/errors.ts'
import { Access } from './access.ts'
import { Admission } from './admission.ts'
import { answeringHandler, type Call } from './answering.ts'
import type { GatewayApp, GatewayContext, GatewayEnvironment } from './app-types.ts'
import { BatchBook } from './batch-book.ts'
import { BatchRunner } from './batch-runner.ts'
import { batchRoutes } from './batches.ts'
import { answerChat } from './chat.ts'
import { answerCompletion } from './completions.ts'
import { CHAT_BODY_BYTES_MAX, FINISHED_REQUESTS_MAX } from './constants.ts'
import { answerEmbeddings } from './embeddings.ts'
import { answerEstimate } from './estimate.ts'
import { FileStore } from './file-store.ts'
import { fileRoutes } from './files.ts'
import { pageGuard } from './guard.ts'
import { errorResponse } from './http-error.ts'
import { idempotency } from './idempotency.ts'
import { localApiRoutes, tooLarge } from './local-api.ts'
import { modelRoutes } from './models.ts'
import { createRequestLog } from './request-log.ts'
import { answerResponse } from './responses.ts'

export interface GatewayOptions {
  readonly service: ClientService
  readonly log: Logger
  readonly clock: Clock
  /** Version of this program, shown by /api/v1/status. */
  readonly version: string
  /** Keys, budgets, files and batches (node/spending/database.ts). */
  readonly ledger: DatabaseSync
  /** Where uploaded files lie. */
  readonly dataDir: string
  /** Of the owner's own tools (node/keys/owner-token.ts). */
  readonly ownerToken: string
  /** The API will listen on more than loopback: every call needs a key. */
  readonly isExposed?: boolean
  /** Exact origins of pages that may call from a browser; none by default. */
  readonly corsOrigins?: readonly string[]
}

export interface Gateway {
  readonly app: GatewayApp
  /** API keys that there are; none may be the reason not to expose the API. */
  readonly keyCount: number
  /** Waits for what batches still write; after the server is closed and the client stopped. */
  stop(): Promise<void>
}

/** @throws ConfigError CORS_ORIGIN_INVALID */
export function createGateway(options: GatewayOptions): Gateway {
  const { service, log, clock, version, ledger, dataDir, isExposed = false } = options
  const app: GatewayApp = new Hono<GatewayEnvironment>()
  const keys = new KeyStore(ledger)
  const access = new Access({ keys, clock, ownerToken: options.ownerToken, isExposed })
  const requests = createRequestLog(FINISHED_REQUESTS_MAX)
  const admission = new Admission({ keys, clock })
  const files = new FileStore(ledger, dataDir, clock)
  const book = new BatchBook(ledger)
  const runner = new BatchRunner({ service, files, book, keys, clock, log })
  app.use(requestIds)
  app.use(pageGuard({ corsOrigins: options.corsOrigins ?? [], isExposed }))
  app.use(async (context, next) => {
    context.set('caller', access.caller(context.req.header('authorization')))
    await next()
  })
  modelRoutes(app, service)
  const bounded = bodyLimit({
    maxSize: CHAT_BODY_BYTES_MAX,
    onError: () => errorResponse(tooLarge()),
  })
  const once = idempotency(clock)
  const answering = answeringHandler({ service, log, clock, requests, admission })
  const post = (path: string, answer: (call: Call, context: GatewayContext) => Promise<Response>) =>
    app.post(path, bounded, once, answering(answer))
  post('/v1/chat/completions', answerChat)
  post('/v1/completions', answerCompletion)
  post('/v1/responses', answerResponse)
  post('/v1/embeddings', answerEmbeddings)
  post('/v1/estimate', (call, context) => answerEstimate(call, context, keys))
  fileRoutes(app, files, runner)
  app.use('/v1/batches', bounded, once)
  batchRoutes(app, { book, runner, admission })
  localApiRoutes(app, { service, requests, version })
  app.notFound(() => errorResponse(unknownPath()))
  app.onError((thrown) => {
    const error = asCocoonError(thrown)
    // `cause` may be a stranger's message; the code says what happened. `name` is the peer's.
    log.warn({ code: error.code, error: thrown.name }, 'request failed')
    return errorResponse(error)
  })
  runner.resume()
  return { app, keyCount: keys.count, stop: () => runner.stop() }
}

/** Every answer has an id, also one that was refused before anything had given it one. */
const requestIds: MiddlewareHandler = async (context, next) => {
  await next()
  const { headers } = context.res
  const id = headers.get('x-request-id') ?? randomBytes(16).toString('hex')
  headers.set('x-request-id', id)
  headers.set('x-cocoon-request-id', id)
}

function unknownPath(): ConfigError {
  return new ConfigError('NOT_FOUND', 'this server has no such path', {
    remedy: 'docs/spec/openai.md lists the paths under /v1 and /api/v1.',
  })
}

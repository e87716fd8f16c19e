/** The local API under /api/v1: what the command line and the page read. */
import type { Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { ClientService, JobLine } from '#node/roles/client-service.ts'
import { ConfigError, UnavailableError } from '#protocol/errors.ts'
import { requireOwner } from './access.ts'
import { type JobLineBody, jobBodySchema, topUpBodySchema } from './api-schema.ts'
import type { GatewayApp } from './app-types.ts'
import { BUSY_RETRY_AFTER_MS, EVENT_STREAMS_MAX, JOB_BODY_BYTES_MAX } from './constants.ts'
import { defaultTokensMax } from './default-tokens.ts'
import { errorResponse } from './http-error.ts'
import { jsonResponse, toJson } from './json.ts'
import type { RequestLog } from './request-log.ts'
import { pulledStream } from './sse.ts'
import { parseBody, readJson } from './validate.ts'

export interface LocalApiDependencies {
  readonly service: ClientService
  readonly requests: RequestLog
  readonly version: string
}

export function localApiRoutes(app: GatewayApp, dependencies: LocalApiDependencies): void {
  const { service, requests, version } = dependencies
  app.use('/api/v1/*', async (context, next) => {
    requireOwner(context.get('caller'))
    await next()
  })
  app.get('/api/v1/status', async () => jsonResponse(await status(service, version)))
  app.get('/api/v1/offers', () => jsonResponse(service.offers()))
  app.get('/api/v1/receipts', () => jsonResponse(service.receipts()))
  app.get('/api/v1/receipts/:id', ({ req }) =>
    found(service.receipts().find((receipt) => receipt.id === req.param('id'))),
  )
  app.get('/api/v1/channels', async () => jsonResponse(await service.channels()))
  app.get('/api/v1/channels/:address', async ({ req }) =>
    found((await service.channels()).find(({ address }) => address === req.param('address'))),
  )
  app.post('/api/v1/channels/:address/topup', async ({ req }) => {
    const { amountNano } = parseBody(topUpBodySchema, await readJson(req))
    return jsonResponse(await service.topUpChannel(req.param('address'), BigInt(amountNano)))
  })
  app.post('/api/v1/channels/:address/close', async ({ req }) =>
    found(await service.closeChannel(req.param('address'), req.raw.signal)),
  )
  app.get('/api/v1/audit', async () => jsonResponse(await service.audit()))
  app.get('/api/v1/spending', () => jsonResponse(service.spending()))
  app.get('/api/v1/stories', () => jsonResponse(service.stories()))
  app.get('/api/v1/stories/:id', ({ req }) => found(service.stories(req.param('id'))[0]))
  app.get('/api/v1/requests/:id', ({ req }) => found(requests.get(req.param('id'))))
  app.post('/api/v1/settle', async ({ req }) => jsonResponse(await service.settle(req.raw.signal)))
  app.get('/api/v1/events', eventHandler(service))
  jobRoutes(app, service)
}

function jobRoutes(app: GatewayApp, service: ClientService): void {
  const limit = bodyLimit({ maxSize: JOB_BODY_BYTES_MAX, onError: () => errorResponse(tooLarge()) })
  app.get('/api/v1/jobs', () => jsonResponse(service.jobs()))
  app.get('/api/v1/jobs/:id', ({ req }) =>
    found(service.jobs().find((job) => job.id === req.param('id'))),
  )
  app.get('/api/v1/jobs/:id/results', ({ req }) => found(service.jobResults(req.param('id'))))
  app.post('/api/v1/jobs', limit, async ({ req }) => {
    const body = parseBody(jobBodySchema, await readJson(req))
    const cap = body.priceCapNano === undefined ? undefined : BigInt(body.priceCapNano)
    const tokensMax = await defaultTokensMax(service, body.model)
    const lines = body.lines.map((line) => toJobLine(line, tokensMax))
    return jsonResponse(await service.submitJob(body.model, lines, cap), 201)
  })
}

async function status(service: ClientService, version: string) {
  const models = await service.models()
  return {
    name: service.name,
    role: 'client',
    peerId: service.peerId,
    walletAddress: service.walletAddress,
    version,
    models: models.length,
    offers: service.offers().length,
  }
}

function toJobLine(line: JobLineBody, tokensMaxDefault: number): JobLine {
  return {
    customId: line.custom_id,
    messages: line.messages ?? [{ role: 'user', content: line.prompt! }],
    maxTokens: line.max_tokens ?? tokensMaxDefault,
  }
}

/** Newline-delimited JSON, one event a line, until the reader leaves. */
function eventHandler(service: ClientService) {
  let open = 0
  return (context: Context): Response => {
    if (open >= EVENT_STREAMS_MAX) return errorResponse(tooManyStreams())
    open++
    const abort = new AbortController()
    context.req.raw.signal.addEventListener('abort', () => abort.abort(), { once: true })
    abort.signal.addEventListener('abort', () => open--, { once: true })
    const stream = pulledStream(eventLines(service, abort.signal), () => abort.abort())
    return new Response(stream, { headers: { 'content-type': 'application/x-ndjson' } })
  }
}

async function* eventLines(service: ClientService, signal: AbortSignal): AsyncGenerator<string> {
  // A first line at once, so that the reader knows it is connected.
  yield '\n'
  for await (const event of service.events(signal)) yield `${toJson(event)}\n`
}

function found(value: unknown): Response {
  if (value === undefined) throw new ConfigError('NOT_FOUND', 'there is no such thing here')
  return jsonResponse(value)
}

export function tooLarge(): ConfigError {
  return new ConfigError('BODY_TOO_LARGE', 'the body is larger than this server takes')
}

function tooManyStreams(): UnavailableError {
  return new UnavailableError(
    'GATEWAY_BUSY',
    `${EVENT_STREAMS_MAX} event streams are open already`,
    {
      data: { retryAfterMs: BUSY_RETRY_AFTER_MS },
    },
  )
}

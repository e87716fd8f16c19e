/** /v1/batches: many chats at once, put up for auction as a job. */
import { bodyLimit } from 'hono/body-limit'
import { z } from 'zod'
import type { Caller } from './access.ts'
import type { Admission } from './admission.ts'
import type { GatewayApp } from './app-types.ts'
import type { BatchBook } from './batch-book.ts'
import { BATCH_ENDPOINT } from './batch-input.ts'
import type { BatchRunner } from './batch-runner.ts'
import { metadataSchema } from './chat-schema.ts'
import { CHAT_BODY_BYTES_MAX } from './constants.ts'
import { pageOf, pageQuerySchema } from './file-store.ts'
import { errorResponse } from './http-error.ts'
import { jsonResponse } from './json.ts'
import { tooLarge } from './local-api.ts'
import { parseBody, readJson } from './validate.ts'

const createSchema = z.strictObject({
  input_file_id: z.string().min(1).max(64),
  endpoint: z.literal(BATCH_ENDPOINT, `only ${BATCH_ENDPOINT} is supported`),
  completion_window: z.literal('24h'),
  metadata: metadataSchema.optional(),
  /** Ours: for the whole batch. */
  cocoon: z
    .strictObject({
      max_price_nano: z
        .string()
        .regex(/^\d{1,18}$/)
        .optional(),
    })
    .optional(),
})

export interface BatchRouteParts {
  readonly book: BatchBook
  readonly runner: BatchRunner
  readonly admission: Admission
}

export function batchRoutes(app: GatewayApp, { book, runner, admission }: BatchRouteParts): void {
  const limit = bodyLimit({
    maxSize: CHAT_BODY_BYTES_MAX,
    onError: () => errorResponse(tooLarge()),
  })
  const rated = ({ key }: Caller): void => {
    if (key !== undefined) admission.takeRate(key)
  }
  app.post('/v1/batches', limit, async (context) => {
    const caller = context.get('caller')
    const body = parseBody(createSchema, await readJson(context.req))
    rated(caller)
    const max = body.cocoon?.max_price_nano
    const batch = runner.create(caller, {
      inputFileId: body.input_file_id,
      metadata: body.metadata ?? null,
      maxPriceNano: max === undefined ? undefined : BigInt(max),
    })
    return jsonResponse(batch)
  })
  app.get('/v1/batches', (context) => {
    const page = parseBody(pageQuerySchema, context.req.query())
    const all = book.list(context.get('caller')).map(({ document }) => document)
    return jsonResponse(pageOf(all, page))
  })
  app.get('/v1/batches/:id', (context) =>
    jsonResponse(book.get(context.req.param('id'), context.get('caller')).document),
  )
  app.post('/v1/batches/:id/cancel', limit, (context) =>
    jsonResponse(runner.cancel(context.req.param('id'), context.get('caller'))),
  )
}

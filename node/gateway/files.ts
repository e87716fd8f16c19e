/** /v1/files: the files that batches read and write. */
import { bodyLimit } from 'hono/body-limit'
import { z } from 'zod'
import { ConfigError } from '#protocol/errors.ts'
import type { GatewayApp } from './app-types.ts'
import type { BatchRunner } from './batch-runner.ts'
import { FILE_NAME_CHARS_MAX, UPLOAD_BYTES_MAX, UPLOAD_OVERHEAD_BYTES_MAX } from './constants.ts'
import { type FileStore, pageOf, pageQuerySchema } from './file-store.ts'
import { errorResponse } from './http-error.ts'
import { jsonResponse } from './json.ts'
import { tooLarge } from './local-api.ts'
import { parseBody } from './validate.ts'

const uploadSchema = z.strictObject({
  file: z.instanceof(File, { error: 'must be a file' }),
  purpose: z.literal('batch', 'only files for batches are taken'),
})

const listSchema = pageQuerySchema.extend({ purpose: z.string().max(64).optional() })

export function fileRoutes(app: GatewayApp, files: FileStore, batches: BatchRunner): void {
  const maxSize = UPLOAD_BYTES_MAX + UPLOAD_OVERHEAD_BYTES_MAX
  const limit = bodyLimit({ maxSize, onError: () => errorResponse(tooLarge()) })
  app.post('/v1/files', limit, async (context) => {
    const { file } = parseBody(uploadSchema, await readForm(context.req.raw))
    if (file.size > UPLOAD_BYTES_MAX) throw tooLarge()
    const content = new Uint8Array(await file.arrayBuffer())
    const filename = file.name.slice(0, FILE_NAME_CHARS_MAX)
    const { account } = context.get('caller')
    return jsonResponse(files.add({ account, filename, purpose: 'batch', content }))
  })
  app.get('/v1/files', (context) => {
    const { purpose, ...page } = parseBody(listSchema, context.req.query())
    const all = files.list(context.get('caller'))
    const wanted = purpose === undefined ? all : all.filter((file) => file.purpose === purpose)
    return jsonResponse(pageOf(wanted, page))
  })
  app.get('/v1/files/:id', (context) =>
    jsonResponse(files.get(context.req.param('id'), context.get('caller'))),
  )
  app.get('/v1/files/:id/content', (context) => {
    const file = files.get(context.req.param('id'), context.get('caller'))
    // As an attachment: what a caller uploaded is never shown as a page of this server.
    return new Response(files.content(file), {
      headers: {
        'content-type': 'application/octet-stream',
        'content-disposition': 'attachment',
        'x-content-type-options': 'nosniff',
      },
    })
  })
  app.delete('/v1/files/:id', (context) => {
    const file = files.get(context.req.param('id'), context.get('caller'))
    if (batches.reads(file.id)) throw inUse()
    files.delete(file)
    return jsonResponse({ id: file.id, object: 'file', deleted: true })
  })
}

/** @throws ConfigError REQUEST_INVALID when it is no form, or names a field twice */
async function readForm(request: Request): Promise<Record<string, unknown>> {
  const form = await request.formData().catch(() => undefined)
  const names = form === undefined ? [] : [...form.keys()]
  if (form === undefined || new Set(names).size !== names.length) {
    throw new ConfigError('REQUEST_INVALID', 'the body is no form with each field once', {
      data: { param: '' },
    })
  }
  return Object.fromEntries(form.entries())
}

function inUse(): ConfigError {
  return new ConfigError('FILE_IN_USE', 'a batch that runs still reads this file', {
    remedy: 'Wait for the batch, or cancel it.',
  })
}

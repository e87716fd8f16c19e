/** GET /v1/models and /v1/models/:id. */
import type { Hono } from 'hono'
import type { ClientService, ModelView } from '#node/roles/client-service.ts'
import { ConfigError } from '#protocol/errors.ts'
import { jsonResponse } from './json.ts'

const openaiModel = (model: ModelView) => ({
  id: model.id,
  object: 'model',
  created: 0,
  owned_by: 'cocoon',
  root: model.root,
  context_window: model.contextTokens,
  providers: model.providers,
})

export function modelRoutes(app: Hono, service: ClientService): void {
  app.get('/v1/models', async () => {
    const data = (await service.models()).map(openaiModel)
    return jsonResponse({ object: 'list', data })
  })
  // Model ids contain slashes ("owner/name").
  app.get('/v1/models/:id{.+}', async (context) => {
    const id = context.req.param('id')
    const model = (await service.models()).find((candidate) => candidate.id === id)
    if (!model) throw new ConfigError('MODEL_UNKNOWN', 'no provider offers this model')
    return jsonResponse(openaiModel(model))
  })
}

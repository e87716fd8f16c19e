/** GET /v1/models and /v1/models/:id. */
import { allowsModel } from '#node/keys/key-rules.ts'
import type { ClientService, ModelView } from '#node/roles/client-service.ts'
import { ConfigError } from '#protocol/errors.ts'
import type { Caller } from './access.ts'
import type { GatewayApp } from './app-types.ts'
import { jsonResponse } from './json.ts'

const openaiModel = (model: ModelView) => ({
  id: model.id,
  object: 'model',
  kind: model.kind,
  created: 0,
  owned_by: 'cocoon',
  root: model.root,
  context_window: model.contextTokens,
  providers: model.providers,
})

export function modelRoutes(app: GatewayApp, service: ClientService): void {
  const visible = async ({ key }: Caller) =>
    (await service.models()).filter(({ id }) => key === undefined || allowsModel(key, id))
  app.get('/v1/models', async (context) => {
    const data = (await visible(context.get('caller'))).map(openaiModel)
    return jsonResponse({ object: 'list', data })
  })
  // Model ids contain slashes ("owner/name").
  app.get('/v1/models/:id{.+}', async (context) => {
    const id = context.req.param('id')
    const model = (await visible(context.get('caller'))).find((candidate) => candidate.id === id)
    if (!model) throw new ConfigError('MODEL_UNKNOWN', 'no provider offers this model')
    return jsonResponse(openaiModel(model))
  })
}

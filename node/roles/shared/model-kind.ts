/** A model answers chats or embeds texts; whoever asks for the other is told before anything is spent. */
import { ConfigError } from '#protocol/errors.ts'

export function embedsOnly(modelId: string): ConfigError {
  return new ConfigError('MODEL_EMBEDS_ONLY', `${modelId} embeds texts and answers no chat`, {
    remedy: 'Use POST /v1/embeddings with it, or another model; GET /v1/models says the kinds.',
    data: { param: 'model' },
  })
}

export function cannotEmbed(modelId: string): ConfigError {
  return new ConfigError('MODEL_CANNOT_EMBED', `${modelId} answers chats and embeds no text`, {
    remedy: 'Use a model of kind embedding; GET /v1/models says the kinds.',
    data: { param: 'model' },
  })
}

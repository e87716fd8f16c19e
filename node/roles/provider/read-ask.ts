/** What an ask wants of the engine, with its prompt counted by this side's own tokenizer. */
import type { ChatTokenizer } from '#inference/engine.ts'
import { type AskDocument, decodeAsk } from '#protocol/ask.ts'
import { EMBEDDING_NUMBERS_MAX } from '#protocol/constants.ts'
import { decodeEmbeddingAsk, tooLarge } from '#protocol/embedding-ask.ts'
import { ProtocolError } from '#protocol/errors.ts'
import type { Ask } from '#protocol/session/client-content.ts'
import type { Embedder } from './embedding-work.ts'

interface AskedCounts {
  /** Ids of an answer that is continued included. */
  readonly promptTokens: number
  readonly completionTokensMax: number
}

export interface AskedChat extends AskedCounts {
  readonly kind: 'chat'
  readonly document: AskDocument
  readonly promptTokenIds: readonly number[]
}

export interface AskedEmbedding extends AskedCounts {
  readonly kind: 'embedding'
  readonly embedder: Embedder
  readonly inputs: readonly (readonly number[])[]
}

export interface AskReader {
  readonly tokenizer: ChatTokenizer | undefined
  readonly embedder?: Embedder | undefined
}

/**
 * @throws ProtocolError ASK_MALFORMED, PROMPT_COUNT
 * @throws ConfigError EMBEDDING_TOO_LARGE
 */
export function readAsk({ tokenizer, embedder }: AskReader, ask: Ask): AskedChat | AskedEmbedding {
  if (embedder !== undefined) return readEmbedding(embedder, ask)
  if (tokenizer === undefined) throw new Error('a model that does not embed has a tokenizer')
  const document = decodeAsk(ask.body)
  const promptTokenIds = tokenizer.encodeChat(document.messages, document.tools)
  const promptTokens = promptTokenIds.length + ask.resumeTokenIds.length
  checkCount(ask, promptTokens)
  const completionTokensMax = document.maxTokens
  return { kind: 'chat', document, promptTokenIds, promptTokens, completionTokensMax }
}

/** The client counts the ids that it sends: nothing is read from a text here. */
function readEmbedding(embedder: Embedder, ask: Ask): AskedEmbedding {
  const { inputs } = decodeEmbeddingAsk(ask.body)
  if (inputs.length * embedder.dimensions > EMBEDDING_NUMBERS_MAX) throw tooLarge()
  const promptTokens = inputs.reduce((sum, ids) => sum + ids.length, 0)
  checkCount(ask, promptTokens + ask.resumeTokenIds.length)
  if (ask.resumeTokenIds.length > 0) {
    throw new ProtocolError('ASK_MALFORMED', 'an embedding is never gone on from')
  }
  return { kind: 'embedding', embedder, inputs, promptTokens, completionTokensMax: 0 }
}

function checkCount({ promptTokens: client }: Ask, provider: number): void {
  if (client === provider) return
  throw new ProtocolError('PROMPT_COUNT', 'the two sides count the prompt differently', {
    data: { client, provider },
  })
}
